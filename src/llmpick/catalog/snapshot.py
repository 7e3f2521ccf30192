"""The catalog as read once and checked once: what `list`, `params` and `fit` open instead of 400 YAML files.

Parsing and validating the YAML takes over half a second; reading one record of the snapshot takes a millisecond
(docs/performance.md). A snapshot is a folder of JSON files named after a key over every catalog file's name, size and
time, so it can never be stale; it lives in the user's cache and can be deleted at any time. A file of it that cannot
be read or parsed is as good as absent. Other floors add tables derived from the catalog (`Store.derived`).
"""

import json
import os
from collections.abc import Callable, Iterable
from hashlib import blake2b
from pathlib import Path
from typing import Any

from llmpick.catalog.location import cache_directory

LAYOUT = 3
"""Raise when the content of a snapshot changes shape."""


def snapshot_key(directories: Iterable[Path], code_version: str) -> str:
    """A digest of all that decides the content: the layout, the code and every catalog file's name, size and time."""
    digest = blake2b(f"{LAYOUT} {code_version}".encode(), digest_size=12)
    for directory in directories:
        digest.update(str(directory).encode())
        for line in sorted(_listing(directory, "")):
            digest.update(line.encode())
    return digest.hexdigest()


def _listing(directory: Path | str, prefix: str) -> list[str]:
    lines: list[str] = []
    with os.scandir(directory) as entries:
        for entry in entries:
            if entry.is_dir():
                lines += _listing(entry.path, f"{prefix}{entry.name}/")
            elif entry.name.endswith(".yaml"):
                status = entry.stat()
                lines.append(f"{prefix}{entry.name} {status.st_size} {status.st_mtime_ns}\n")
    return lines


class Store:
    """Named JSON documents in a folder, and tables of documents of which one can be read without the others."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def read(self, name: str) -> Any:
        """The document ``name``, or None when it is absent or damaged."""
        try:
            return json.loads((self._folder / f"{name}.json").read_bytes())
        except (OSError, ValueError):
            return None

    def read_row(self, table: str, place: tuple[int, int]) -> Any:
        """One row of a table by its (offset, length), or None."""
        try:
            with open(self._folder / f"{table}.jsonl", "rb") as file:
                file.seek(place[0])
                return json.loads(file.read(place[1]))
        except (OSError, ValueError):
            return None

    def write(self, documents: dict[str, Any], tables: dict[str, bytes]) -> None:
        """Write everything, atomically file by file; a cache that cannot be written is no error."""
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            for table, content in tables.items():
                self._replace(f"{table}.jsonl", content)
            for name, document in documents.items():
                self._replace(f"{name}.json", dumps(document))
        except OSError:
            return

    def derived(self, name: str, build: Callable[[], Any]) -> Any:
        """The derived document ``name``, made by ``build`` when it is not there yet."""
        found = self.read(name)
        if found is None:
            found = json.loads(dumps(build()))
            self.write({name: found}, {})
        return found

    def _replace(self, name: str, content: bytes) -> None:
        temporary = self._folder / f".{name}.{os.getpid()}"
        temporary.write_bytes(content)
        os.replace(temporary, self._folder / name)


def store_for(directories: tuple[Path, ...], code_version: str) -> Store:
    """The store that belongs to these catalog directories."""
    return Store(cache_directory() / "catalog" / snapshot_key(directories, code_version))


def forget_others(keep: Store, limit: int = 4) -> None:
    """Remove old snapshots, leaving the newest few (an overlay has one of its own)."""
    from shutil import rmtree

    try:
        folders = sorted(keep._folder.parent.iterdir(), key=lambda folder: folder.stat().st_mtime, reverse=True)
    except OSError:
        return
    for folder in folders[limit:]:
        if folder != keep._folder:
            rmtree(folder, ignore_errors=True)


def table(rows: dict[str, Any]) -> tuple[bytes, dict[str, tuple[int, int]]]:
    """Rows as JSON lines, and each row's (offset, length)."""
    places, pieces, offset = {}, [], 0
    for name, row in rows.items():
        line = dumps(row) + b"\n"
        places[name] = (offset, len(line))
        pieces.append(line)
        offset += len(line)
    return b"".join(pieces), places


def dumps(document: Any) -> bytes:
    """Compact JSON."""
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()
