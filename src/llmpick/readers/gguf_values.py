"""GGUF metadata values: scalars, texts and arrays, long ones passed over."""

from struct import Struct
from typing import Any, NamedTuple

from llmpick.readers import gguf_types as types
from llmpick.readers.bounded import Window, printable

MAX_NAME_BYTES = 1024
MAX_TEXT_BYTES = 2**14
MAX_KEPT_ITEMS = 4096
MAX_KEPT_TEXTS = 64
MAX_NESTING = 3
INCOMPLETE = "the download or copy is incomplete, or the header is damaged"


class Skipped(NamedTuple):
    """A metadata value too long to keep: an array's element type and length, or a text's length in bytes."""

    type_name: str
    length: int


class Layouts:
    """The structs of one byte order."""

    def __init__(self, order: str) -> None:
        self.uint32 = Struct(order + "I")
        self.uint64 = Struct(order + "Q")
        self.counts = Struct(order + "QQ")
        self.tensor_tail = Struct(order + "IQ")
        self.array_head = Struct(order + "IQ")
        self.dimensions = [Struct(f"{order}{count}Q") for count in range(5)]
        self.scalars = {number: Struct(order + code) for number, code in types.SCALARS.items()}
        self.order = order


def read_name(window: Window, layouts: Layouts, what: str) -> str:
    """A printable name; ``what`` it names is for the error."""
    start = window.offset
    (length,) = window.unpack(layouts.uint64)
    if not 0 < length <= MAX_NAME_BYTES:
        raise window.fail(f"a {what} of {length} bytes", INCOMPLETE, start)
    try:
        name = window.take(length).decode()
    except UnicodeDecodeError:
        raise window.fail(f"a {what} that is not UTF-8", INCOMPLETE, start) from None
    if not name.isprintable():
        raise window.fail(f"a {what} with control characters", INCOMPLETE, start)
    return name


def read_value(window: Window, layouts: Layouts, number: int, depth: int = 0) -> Any:
    """A value of type ``number``: a scalar, a text, a tuple, or `Skipped` for what is too long to keep."""
    if number == types.STRING:
        (length,) = window.unpack(layouts.uint64)
        if length > MAX_TEXT_BYTES:
            window.skip(length)
            return Skipped("string", length)
        return printable(window.take(length).decode(errors="replace"))
    if number == types.ARRAY:
        return _array(window, layouts, depth)
    if number not in layouts.scalars:
        raise window.fail(f"metadata value of unknown type {number}", INCOMPLETE)
    return window.unpack(layouts.scalars[number])[0]


def _array(window: Window, layouts: Layouts, depth: int) -> Any:
    """A short array as a tuple; of a long one only type and length."""
    start = window.offset
    number, count = window.unpack(layouts.array_head)
    smallest = {types.STRING: 8, types.ARRAY: 12}.get(number) or (
        layouts.scalars[number].size if number in layouts.scalars else 0
    )
    if not smallest or depth >= MAX_NESTING:
        raise window.fail(f"an array of unknown type {number} or nested too deep", INCOMPLETE, start)
    if count * smallest > window.limit - window.offset:
        raise window.fail(f"an array of {count} items does not fit into the header", INCOMPLETE, start)
    if number == types.ARRAY:
        for _ in range(count):
            _array(window, layouts, depth + 1)
    elif number == types.STRING:
        if count <= MAX_KEPT_TEXTS:
            return tuple(read_value(window, layouts, number, depth) for _ in range(count))
        window.skip_strings(count, layouts.uint64)
    elif count <= MAX_KEPT_ITEMS:
        return window.unpack(Struct(f"{layouts.order}{count}{types.SCALARS[number]}"))
    else:
        window.skip(count * smallest)
    return Skipped(types.VALUE_TYPE_NAMES[number], count)
