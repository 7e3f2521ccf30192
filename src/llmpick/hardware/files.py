"""Reading /proc and /sys below a root that tests replace. A file that is missing or refused is None."""

import os


def join(root: str, path: str) -> str:
    """``path`` (absolute) below ``root``."""
    return path if root == "/" else root.rstrip("/") + path


def read_text(root: str, path: str) -> str | None:
    """The stripped text of a small file, without trailing NULs (device tree), or None."""
    try:
        with open(join(root, path), encoding="utf-8", errors="replace") as file:
            return file.read().strip().strip("\0").strip()
    except OSError:
        return None


def read_bytes(root: str, path: str, size: int) -> bytes | None:
    """The first ``size`` bytes of a file, or None."""
    try:
        with open(join(root, path), "rb") as file:
            return file.read(size)
    except OSError:
        return None


def read_int(root: str, path: str) -> int | None:
    """A number as sysfs writes it, decimal or ``0x`` hexadecimal; None if missing or not a number."""
    text = read_text(root, path)
    try:
        return None if text is None else int(text, 0)
    except ValueError:
        return None


def list_dir(root: str, path: str) -> list[str]:
    """The sorted names in a directory; empty if it is missing or refused."""
    try:
        return sorted(os.listdir(join(root, path)))
    except OSError:
        return []


def exists(root: str, path: str) -> bool:
    """Whether ``path`` is there below ``root``."""
    return os.path.exists(join(root, path))


def properties(text: str | None) -> dict[str, int]:
    """``name number`` lines (memory.stat, KFD properties) and ``Name: number kB`` lines (meminfo; kB become bytes)."""
    values = {}
    for line in (text or "").splitlines():
        words = line.replace(":", " ").split()
        if len(words) >= 2 and words[1].isdigit():
            values[words[0]] = int(words[1]) * (1024 if words[2:] == ["kB"] else 1)
    return values
