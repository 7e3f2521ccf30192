"""Reading files that nobody vouches for: bounded windows, bounded JSON, text that cannot steer a terminal."""

import json
import os
from struct import Struct
from struct import error as StructError  # noqa: N812 - an exception, named like one
from typing import IO, Any

from llmpick.errors import InvalidFile

WINDOW_BYTES = 2**18
MAX_JSON_VALUES = 2**22


def printable(text: str) -> str:
    """``text`` without control, formatting and other unprintable characters; spaces stay."""
    return text if text.isprintable() else "".join(character for character in text if character.isprintable())


def open_regular(path: str | os.PathLike[str]) -> IO[bytes]:
    """The opened file; InvalidFile when it cannot be read or is not a regular file (a pipe would block)."""
    shown = printable(os.fspath(path))
    try:
        if not os.path.isfile(path):
            reason = "no such file" if not os.path.lexists(path) else "not a regular file"
            raise InvalidFile(f"{shown}: {reason}")
        return open(path, "rb", buffering=0)
    except (OSError, ValueError) as error:
        raise InvalidFile(f"{shown}: {getattr(error, 'strerror', None) or error}") from None


def bounded_json(data: bytes, shown: str, max_values: int = MAX_JSON_VALUES, unique_keys: bool = True) -> Any:
    """Parsed JSON; InvalidFile when it is malformed, nests too deep, has more than ``max_values`` or repeats a key.

    The separators are counted before anything is built, so hostile text cannot make the parser allocate much more
    than its own length.
    """
    if sum(data.count(mark) for mark in (b",", b"[", b"{")) > max_values:
        raise InvalidFile(f"{shown}: more than {max_values} JSON values")
    try:
        return json.loads(data, object_pairs_hook=_unique if unique_keys else None)
    except RecursionError:
        raise InvalidFile(f"{shown}: JSON nested too deep") from None
    except ValueError as error:
        raise InvalidFile(f"{shown}: not valid JSON: {printable(str(error))[:200]}") from None


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key occurs twice")
    return found


class Window:
    """A file seen through a sliding buffer: memory stays at `WINDOW_BYTES` however far one reads.

    ``limit`` is the offset beyond which nothing may be read (the file's end, or the most a header may hold). Every
    read past it raises InvalidFile with the offset.
    """

    def __init__(self, file: IO[bytes], shown: str, file_bytes: int, limit: int) -> None:
        self.file = file
        self.shown = shown
        self.file_bytes = file_bytes
        self.limit = min(limit, file_bytes)
        self._start = 0
        self._buffer = b""
        self._position = 0

    @property
    def offset(self) -> int:
        """Where the next read starts, in bytes from the start of the file."""
        return self._start + self._position

    def fail(self, what: str, hint: str = "", offset: int | None = None) -> InvalidFile:
        """The error for something wrong at ``offset`` (default: here)."""
        return InvalidFile(f"{self.shown}: at byte {self.offset if offset is None else offset}: {what}", hint)

    def skip(self, length: int) -> None:
        """Move on by ``length`` bytes without reading them."""
        if length > self.limit - self.offset:
            raise self._too_far(length)
        self._position += length

    def take(self, length: int) -> bytes:
        """The next ``length`` bytes."""
        self._need(length)
        taken = self._buffer[self._position : self._position + length]
        self._position += length
        return taken

    def unpack(self, layout: Struct) -> tuple[Any, ...]:
        """The next values, laid out as ``layout`` says."""
        try:
            values = layout.unpack_from(self._buffer, self._position)
        except StructError:
            self._need(layout.size)
            values = layout.unpack_from(self._buffer, self._position)
        self._position += layout.size
        return values

    def skip_strings(self, count: int, length_layout: Struct) -> None:
        """Move past ``count`` strings, each preceded by its length: no string is built, however long the array."""
        length_at, head = length_layout.unpack_from, length_layout.size
        while count:
            self._need(head)
            buffer, position, passed = self._buffer, self._position, 0
            try:
                for passed in range(count):  # noqa: B007 - read after the loop: strings passed before the break
                    (length,) = length_at(buffer, position)
                    position += head + length
                passed = count
            except (StructError, OverflowError):  # the next length lies beyond the buffer
                pass
            count -= passed
            self.skip(position - self._position)

    def _need(self, length: int) -> None:
        """Make the next ``length`` bytes lie in the buffer."""
        if self._position + length <= len(self._buffer):
            return
        if length > self.limit - self.offset:
            raise self._too_far(length)
        self._start, self._position = self.offset, 0
        self.file.seek(self._start)
        self._buffer = _read(self.file, min(max(length, WINDOW_BYTES), self.limit - self._start))
        if len(self._buffer) < length:
            raise self.fail("the file became shorter while it was read")

    def _too_far(self, length: int) -> InvalidFile:
        if self.limit < self.file_bytes:
            return self.fail(f"the header is larger than {self.limit} bytes", "no known model file has one so large")
        left = max(0, self.file_bytes - self.offset)
        return self.fail(f"the file ends too early: {length} bytes needed, {left} left",
                         "the download or copy is incomplete, or the header is damaged")  # fmt: skip


def _read(file: IO[bytes], length: int) -> bytes:
    """``length`` bytes, or fewer at the end of the file (an unbuffered file may return less at once)."""
    data = file.read(length)
    while len(data) < length:
        more = file.read(length - len(data))
        if not more:
            break
        data += more
    return data
