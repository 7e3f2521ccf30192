"""The small expression language of catalog/architectures: ``=hidden_size // num_attention_heads``.

Names are config keys, attributes are keys of nested configs, and ``i`` is the layer. Only arithmetic, comparison,
conditionals, indexing and a handful of functions exist, so a mapping stays data: it can compute, never act.
"""

import ast
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from math import ceil, isqrt
from types import CodeType
from typing import Any

from llmpick.errors import InvalidFile
from llmpick.readers.primes import sum_primes

_ALLOWED = (
    ast.Expression, ast.Constant, ast.Name, ast.Load, ast.Subscript, ast.Attribute, ast.Call, ast.List, ast.Tuple,
    ast.UnaryOp, ast.Not, ast.USub, ast.BinOp, ast.Add, ast.Sub, ast.Mult, ast.FloorDiv, ast.Div, ast.Mod,
    ast.BoolOp, ast.And, ast.Or, ast.Compare, ast.Eq, ast.NotEq, ast.Lt, ast.LtE, ast.Gt, ast.GtE, ast.In, ast.NotIn,
    ast.Is, ast.IsNot, ast.IfExp,
)  # fmt: skip


def _last_index(sequence: list[Any], value: object, before: int) -> int:
    """The last position before ``before`` at which ``value`` stands."""
    return max(position for position in range(before) if sequence[position] == value)


def _pad(value: int, multiple: int) -> int:
    """``value`` rounded up to a multiple."""
    return -(-value // multiple) * multiple


def _of_layer(overrides: Mapping[str, Any] | None, layer: int, key: str, otherwise: Any) -> Any:
    """What a ``per_layer_config`` says of ``key`` in one layer; it is keyed by layer, ``"2"`` or ``"02"``."""
    numbered = (name for name in overrides or () if name.isdigit() and int(name) == layer)
    stated = overrides[name] if overrides and (name := next(numbered, None)) else {}
    return stated[key] if key in set(stated) else otherwise


def _over_layers(overrides: Mapping[str, Any] | None, count: int, key: str, otherwise: int) -> int:
    """The sum of ``key`` over ``count`` layers."""
    return sum(_of_layer(overrides, layer, key, otherwise) for layer in range(min(count, 4096)))


def _overrides_only(overrides: Mapping[str, Any] | None, keys: list[str]) -> bool:
    """Whether a ``per_layer_config`` states no other keys than these."""
    return all(set(overrides[name]) <= set(keys) for name in overrides) if overrides else True


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "min": min, "max": max, "ceil": ceil, "int": int, "len": len, "sum": sum, "round": round, "pad": _pad,
    "last_index": _last_index, "str": str, "isinstance_list": lambda value: isinstance(value, (list, tuple)),
    "count": lambda values, value: list(values).count(value), "isqrt": isqrt,
    "values": lambda mapping: list(mapping.values()), "of_layer": _of_layer, "over_layers": _over_layers,
    "overrides_only": _overrides_only, "sum_primes": sum_primes,
    "position": lambda values, value: list(values).index(value),
    "follows": lambda groups, value: any(value in group[1:] for group in groups or ()),
}  # fmt: skip


class _KeysOfNested(ast.NodeTransformer):
    """``vision_config.depth`` means the key ``depth`` of the mapping ``vision_config``."""

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        self.generic_visit(node)
        return ast.copy_location(ast.Subscript(node.value, ast.Constant(node.attr), ast.Load()), node)


def _parse(text: str) -> ast.Expression:
    try:
        tree = ast.parse(text, mode="eval")
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise InvalidFile(f"architecture expression {text!r}: {error}") from None
    for node in ast.walk(tree):
        if not isinstance(node, _ALLOWED):
            raise InvalidFile(f"architecture expression {text!r}: {type(node).__name__} is not allowed")
        if isinstance(node, ast.Call) and not (isinstance(node.func, ast.Name) and node.func.id in FUNCTIONS):
            raise InvalidFile(f"architecture expression {text!r}: only {', '.join(FUNCTIONS)} can be called")
    return tree


@cache
def compiled(text: str) -> CodeType:
    """The checked and compiled expression (without its leading ``=``)."""
    return compile(ast.fix_missing_locations(_KeysOfNested().visit(_parse(text))), f"<{text}>", "eval")


@cache
def names_in(text: str) -> frozenset[str]:
    """Config keys an expression may read; keys of nested configs appear dotted, ``vision_config.depth``."""
    found = set()
    for node in ast.walk(_parse(text)):
        if isinstance(node, ast.Name) and node.id not in FUNCTIONS:
            found.add(node.id)
        elif isinstance(node, ast.Attribute):
            found.add(ast.unparse(node))
        elif isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant):
            found.add(f"{ast.unparse(node.value)}.{node.slice.value!s}")
    return frozenset(found)


def is_expression(value: object) -> bool:
    """Whether a mapping's value is to be computed."""
    return isinstance(value, str) and value.startswith("=")


def expressions_in(value: object) -> Iterator[str]:
    """Every expression inside a nested mapping."""
    if is_expression(value):
        yield str(value)[1:]
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from expressions_in(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from expressions_in(inner)


class Scope(Mapping[str, Any]):
    """Config values over a model type's defaults; a missing key is an error that names it.

    A null in a config means "as the model type assumes", as in transformers. Defaults may be expressions; they are
    computed when first asked for. ``layer`` is the value of ``i``; ``layer_was_read`` tells whether anything looked.
    """

    def __init__(self, configs: list[Mapping[str, Any]], defaults: Mapping[str, Any], where: str = "") -> None:
        self._configs = configs
        self._defaults = defaults
        self._where = where
        self._values: dict[object, Any] = {}
        self.layer = 0
        self.layer_was_read = False

    def __getitem__(self, key: str) -> Any:
        if key in FUNCTIONS:
            raise KeyError(key)
        if key == "i":
            self.layer_was_read = True
            return self.layer
        return self.once(key, lambda: self._look_up(key))

    def once(self, key: object, make: Callable[[], Any]) -> Any:
        """What ``make`` gives, made again only while it depends on the layer."""
        if key in self._values:
            return self._values[key]
        before, self.layer_was_read = self.layer_was_read, False
        value = make()
        if not self.layer_was_read:
            self._values[key] = value
        self.layer_was_read = self.layer_was_read or before
        return value

    def __iter__(self) -> Iterator[str]:
        return iter({*self._defaults, *(key for config in self._configs for key in config)})

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __contains__(self, key: object) -> bool:
        return key in self._defaults or any(config.get(str(key)) is not None for config in self._configs)

    def _look_up(self, key: str) -> Any:
        default = self._defaults.get(key)
        for config in self._configs:
            value = config.get(key)
            if isinstance(value, Mapping):
                inner = default if isinstance(default, Mapping) else {}
                return _Nested([value], inner, f"{self._where}{key}.", self)
            if value is not None:
                return value
        if key in self._defaults:
            if isinstance(default, Mapping):
                return _Nested([], default, f"{self._where}{key}.", self)
            return self.evaluate(default)
        if key in FUNCTIONS:
            raise KeyError(key)
        raise InvalidFile(f"the config has no {self._where}{key}", "add the key; its model type has no default for it")

    def evaluate(self, value: Any) -> Any:
        """A mapping's value: computed when it is an expression, itself otherwise."""
        if not is_expression(value):
            return value
        text = str(value)[1:]
        try:
            return eval(compiled(text), {"__builtins__": {}, **FUNCTIONS}, self)
        except InvalidFile:
            raise
        except Exception as error:
            problem = f"cannot compute {text!r} from this config: {type(error).__name__}: {error}"
            raise InvalidFile(problem + self._given(text)) from None

    def _given(self, text: str) -> str:
        """What the config gives for the keys that an expression reads, for an error message."""
        plain = {
            name: config[name]
            for config in reversed(self._configs)
            for name in sorted(names_in(text))
            if isinstance(config.get(name), (int, float, str))
        }
        return "".join(f"; {name} is {value!r}" for name, value in plain.items())


class _Nested(Scope):
    """A nested config; names it lacks are looked up nowhere else, but its defaults may read the outer config."""

    def __init__(self, configs: list[Mapping[str, Any]], defaults: Mapping[str, Any], where: str, outer: Scope) -> None:
        super().__init__(configs, defaults, where)
        self._outer = outer

    def evaluate(self, value: Any) -> Any:
        return self._outer.evaluate(value)
