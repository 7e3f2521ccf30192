"""The catalog as read once and checked once: what `list`, `params` and `fit` open instead of 400 YAML files.

Parsing and validating the YAML takes over half a second; reading one record of the snapshot takes a millisecond
(docs/performance.md). A snapshot is a folder of JSON documents named after a key over every catalog file's name, size
and time, so it can never be stale; it lives in the user's cache and can be deleted at any time. A wheel carries that of
its own catalog. Other floors add tables derived from the catalog (`Store.derived`).
"""

import gc
import json
import os
import re
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from threading import get_ident
from typing import Any
from zlib import crc32

from llmpick.catalog.location import cache_directory

try:
    from _blake2 import blake2b  # hashlib would load OpenSSL first: 5 ms of every start
except ImportError:
    from hashlib import blake2b

LAYOUT = 6
"""Raise when the content of a snapshot changes shape."""

PACKAGED = Path(__file__).resolve().parents[1] / "catalog_snapshot"
"""The snapshot that a wheel carries for its own catalog (scripts/prebuild_snapshot.py); absent in a checkout."""

MAX_ROW_BYTES = 2**24
_KEY = re.compile(r"[0-9a-f]{24}")
working: Callable[[str], AbstractContextManager[object]] = nullcontext
"""What is put around work of seconds, with a word about it: a program with a terminal may show that it is busy."""

Place = tuple[int, int, int]
"""Where a row of a table stands: offset, length, checksum."""


def snapshot_key(directories: Iterable[Path], code_version: str) -> str:
    """A digest of all that decides the content: the layout, the code and every catalog file's name, size and time."""
    return _digest(code_version, *(line for each in directories for line in (f"{each}\n", *_lines(each))))


def content_key(directory: Path) -> str:
    """A digest of the layout and of the names and sizes of a catalog's files."""
    return _digest("", *(line.rsplit(" ", 1)[0] for line in _lines(directory)))


def _digest(*parts: str) -> str:
    return blake2b("\n".join((str(LAYOUT), *parts)).encode("utf-8", "surrogateescape"), digest_size=12).hexdigest()


def _lines(directory: Path) -> list[str]:
    return sorted(_listing(directory, ""))


def _listing(directory: Path | str, prefix: str) -> list[str]:
    lines: list[str] = []
    with os.scandir(directory) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                lines += _listing(entry.path, f"{prefix}{entry.name}/")
            elif entry.name.endswith(".yaml"):
                status = entry.stat()
                lines.append(f"{prefix}{entry.name} {status.st_size} {status.st_mtime_ns}")
    return lines


class Store:
    """Named JSON documents in a folder, and tables of documents of which one can be read without the others.

    Every document carries its checksum. What cannot be read, does not match or is not JSON is as good as absent.
    ``packaged``: a second, read-only folder that is looked into first.
    """

    def __init__(self, folder: Path, packaged: Path | None = None) -> None:
        self.folder = folder
        self._folders = (folder,) if packaged is None else (packaged, folder)
        self._derived: dict[str, Any] = {}

    def read(self, name: str) -> Any:
        """The document ``name``, or None when it is absent or damaged."""
        for folder in self._folders:
            try:
                checksum, _, text = (folder / f"{name}.snapshot").read_bytes().partition(b"\n")
                if int(checksum, 16) == crc32(text):
                    return _parse(text)
            except (OSError, ValueError, RecursionError):
                continue
        return None

    def read_row(self, table: str, place: Place) -> Any:
        """One row of a table by its place, or None."""
        offset, length, checksum = place
        if not 0 < length <= MAX_ROW_BYTES:
            return None
        for folder in self._folders:
            try:
                with open(folder / f"{table}.rows", "rb") as file:
                    file.seek(offset)
                    text = file.read(length)
                if crc32(text) == checksum:
                    return json.loads(text)
            except (OSError, ValueError, RecursionError):
                continue
        return None

    def write(self, documents: dict[str, Any], tables: dict[str, bytes]) -> None:
        """Write everything, atomically file by file; a cache that cannot be written is no error."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            for table, content in tables.items():
                self._replace(f"{table}.rows", content)
            for name, document in documents.items():
                text = dumps(document)
                self._replace(f"{name}.snapshot", b"%08x\n" % crc32(text) + text)
        except OSError:
            return

    def derived(self, name: str, build: Callable[[], Any]) -> Any:
        """The derived document ``name``, made by ``build`` when it is not there yet. Do not change what you get."""
        if name not in self._derived:
            found = self.read(name)
            if found is None:
                with working(f"Computing {name} of every model, once after a change of the catalog"):
                    found = json.loads(dumps(build()))
                self.write({name: found}, {})
            self._derived[name] = found
        return self._derived[name]

    def _replace(self, name: str, content: bytes) -> None:
        temporary = self.folder / f".{name}.{os.getpid()}.{get_ident()}"
        try:
            temporary.write_bytes(content)
            os.replace(temporary, self.folder / name)
        except OSError:
            temporary.unlink(missing_ok=True)
            raise


def _parse(text: bytes) -> Any:
    """JSON -> data. The collector, which would walk all that was made so far again and again, waits until the end."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        return json.loads(text)
    finally:
        if enabled:
            gc.enable()


def store_for(directories: tuple[Path, ...], code_version: Callable[[], str], packaged: Path = PACKAGED) -> Store:
    """The store that belongs to these catalog directories; the wheel's own snapshot where it is of this catalog."""
    made_of = Store(packaged).read("made_of") if len(directories) == 1 else None
    if isinstance(made_of, dict) and made_of.get("files") == content_key(directories[0]):
        return Store(_home() / _digest(*map(str, made_of.values())), packaged)
    return Store(_home() / snapshot_key(directories, code_version()))


def forget_others(keep: Store, limit: int = 4) -> None:
    """Remove old snapshots from the user's cache, leaving the newest few (an overlay has one of its own)."""
    from shutil import rmtree

    try:
        if keep.folder.parent != _home():
            return
        folders = [folder for folder in keep.folder.parent.iterdir() if _KEY.fullmatch(folder.name)]
        folders.sort(key=lambda folder: folder.stat().st_mtime, reverse=True)
    except OSError:
        return
    for folder in folders[limit:]:
        if folder != keep.folder:
            rmtree(folder, ignore_errors=True)


def _home() -> Path:
    return cache_directory() / "catalog"


def table(rows: dict[str, Any]) -> tuple[bytes, dict[str, Place]]:
    """Rows as JSON lines, and the place of each."""
    places, pieces, offset = {}, [], 0
    for name, row in rows.items():
        line = dumps(row) + b"\n"
        places[name] = (offset, len(line), crc32(line))
        pieces.append(line)
        offset += len(line)
    return b"".join(pieces), places


def bucketed(names: dict[str, str], places: dict[str, Place]) -> dict[str, dict[str, dict[str, Any]]]:
    """Names and places spread over so many rows that each stays small: one lookup reads one row of any catalog."""
    count = max(1, len(places) // 32)
    rows: dict[str, dict[str, dict[str, Any]]] = {str(each): {"names": {}, "places": {}} for each in range(count)}
    for kind, entries in (("names", names), ("places", places)):
        for name, value in entries.items():
            rows[bucket_of(name, count)][kind][name] = value
    return rows


def bucket_of(name: str, count: int) -> str:
    """The row of `bucketed` that holds ``name``."""
    return str(crc32(name.encode("utf-8", "surrogatepass")) % count)


def dumps(document: Any) -> bytes:
    """Compact JSON."""
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()


def prebuild(directory: Path, folder: Path, derive: Callable[[Any], None] = lambda catalog: None) -> None:
    """Write the snapshot of one catalog into ``folder``, for a wheel to carry; ``derive`` asks for derived tables."""
    from llmpick.catalog.catalog import Catalog

    catalog = Catalog((directory,), Store(folder))
    catalog.ids  # noqa: B018  builds
    derive(catalog)
    package = Path(__file__).resolve().parents[1]
    code = _digest(*(path.read_text(encoding="utf-8") for path in sorted(package.rglob("*.py"))))
    catalog.store.write({"made_of": {"files": content_key(directory), "code": code}}, {})
