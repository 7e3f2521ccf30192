"""The options of an engine's own parser, for tests/data/launch/known_options.json.

Run it with the interpreter in which the engine is installed; nothing is started and no GPU is needed:
    path/to/python scripts/engine_options.py vllm|sglang|mlx
    python scripts/engine_options.py llama.cpp path/to/llama.cpp
"""

import argparse
import contextlib
import importlib
import json
import re
import sys
from pathlib import Path


def actions_of(module: str, words: list[str]) -> list[argparse.Action]:
    """The actions of the parser that a module's `main` builds; parsing is where it is stopped."""
    found: list[argparse.Action] = []

    def stop(self, args=None, namespace=None):
        found.extend(self._actions)
        raise SystemExit(0)

    argparse.ArgumentParser.parse_args = stop
    sys.argv = [module, *words]
    with contextlib.suppress(SystemExit):
        importlib.import_module(module).main()
    return found


def vllm() -> tuple[str, list[argparse.Action]]:
    import vllm

    found = actions_of("vllm.entrypoints.cli.main", ["serve", "model"])
    commands = next(action for action in found if isinstance(action, argparse._SubParsersAction))
    return vllm.__version__.split("+")[0], commands.choices["serve"]._actions


def sglang() -> tuple[str, list[argparse.Action]]:
    from importlib.metadata import version

    from sglang.srt.server_args import ServerArgs

    parser = argparse.ArgumentParser()
    ServerArgs.add_cli_args(parser)
    return version("sglang"), parser._actions


def mlx() -> tuple[str, list[argparse.Action]]:
    from importlib.metadata import version

    return version("mlx-lm"), actions_of("mlx_lm.server", [])


def table(actions: list[argparse.Action]) -> dict[str, dict]:
    """Option -> what it takes: ``switch`` for none, ``choices`` where only some values are allowed."""
    rows = {}
    for action in actions:
        row = {"switch": True} if action.nargs == 0 else {}
        if action.choices and not isinstance(action.choices, dict):
            row["choices"] = sorted(str(choice) for choice in action.choices if choice is not None)
        for option in action.option_strings:
            if option.startswith("--"):
                rows[option] = row
    return dict(sorted(rows.items()))


def llama_cpp(folder: str) -> dict[str, dict]:
    """The options that llama-server knows, as common/arg.cpp names them."""
    text = Path(folder, "common", "arg.cpp").read_text(encoding="utf-8")
    names = re.findall(r'"(--[a-z0-9][a-z0-9-]*)"', text)
    return {name: {} for name in sorted(set(names))}


def main() -> None:
    engine = sys.argv[1]
    if engine == "llama.cpp":
        entry = {"version": "", "options": llama_cpp(sys.argv[2])}
    else:
        version, actions = {"vllm": vllm, "sglang": sglang, "mlx": mlx}[engine]()
        entry = {"version": version, "options": table(actions)}
    print(json.dumps({engine: entry}))


if __name__ == "__main__":
    main()
