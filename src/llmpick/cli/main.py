"""The ``llmpick`` program: finds the command, runs it, turns errors into messages and exit codes.

Each command lives in a module of its own that is imported only when it is called: start-up is part of the design.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperGroup

from llmpick import errors

COMMANDS = ("list", "show", "params", "memory", "fit", "plan", "compare", "launch", "train", "calibrate", "gpus", "hardware",
            "import", "validate")  # fmt: skip
_MODULES = {"list": "list_models", "import": "import_model"}


class LazyGroup(TyperGroup):
    """A command group that imports a command's module when the command is asked for."""

    def list_commands(self, ctx: Any) -> list[str]:
        """The names, in the order of a user's questions."""
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """The command, or None where no command has that name."""
        if cmd_name not in COMMANDS:
            return None
        module = import_module(f"llmpick.cli.{_MODULES.get(cmd_name, cmd_name)}")
        command = typer.main.get_command(module.app)
        command.name = cmd_name
        return command

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """The command and its arguments; the error for an unknown one names near ones."""
        try:
            return super().resolve_command(ctx, args)
        except Exception as error:
            from difflib import get_close_matches

            near = get_close_matches(args[0].lower(), COMMANDS)
            if near and hasattr(error, "message"):
                error.message = f"{error.message.rstrip('.')}. Did you mean {', '.join(near)}?"
            raise

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Every command with its whole sentence, wrapped: cut after half of it, it says little."""
        rows = [(name, self.get_command(ctx, name).get_short_help_str(limit=400)) for name in COMMANDS]
        with formatter.section("Commands"):
            formatter.write_dl(rows)


app = typer.Typer(
    cls=LazyGroup,
    name="llmpick",
    help="Which open LLM runs on your hardware, how, how well, and how we know.",
    no_args_is_help=True,
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


def _print_version(wanted: bool) -> None:
    if wanted:
        from llmpick import __version__

        typer.echo(f"llmpick {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: bool = typer.Option(False, "--version", callback=_print_version, is_eager=True, help="Print the version."),
) -> None:
    """Which open LLM runs on your hardware, how, how well, and how we know."""


def main(arguments: list[str] | None = None) -> None:
    """Run and exit with the code of the contract: 0, 1 nothing fits, 2 usage, 3 invalid, 4 unknown name, 70, 130."""
    sys.exit(run(sys.argv[1:] if arguments is None else arguments))


def run(arguments: list[str]) -> int:
    """Run one command line and return its exit code; expected errors are printed to stderr without a traceback."""
    if sys.stderr.isatty():
        _say_when_busy()
    try:
        result = app(args=arguments, prog_name="llmpick", standalone_mode=False)
        return result if isinstance(result, int) else errors.ANSWERED
    except errors.LlmpickError as error:
        _complain(error.message, error.hint)
        return error.exit_code
    except BrokenPipeError:
        _close_stdout()
        return errors.ANSWERED
    except KeyboardInterrupt:
        return errors.INTERRUPTED
    except Exception as error:
        return _other(error)


def _say_when_busy() -> None:
    """A line on the terminal while the catalog is read or weighed, gone when that is done; rich is imported only then."""
    from llmpick.catalog import snapshot

    @contextmanager
    def busy(what: str) -> Iterator[None]:
        from rich.console import Console

        snapshot.working = nullcontext  # work inside this work needs no line of its own
        try:
            with Console(stderr=True).status(f"{what} …"):
                yield
        finally:
            snapshot.working = busy

    snapshot.working = busy


def _other(error: Exception) -> int:
    """Errors of the option parser carry their own exit code and words; anything else is our bug."""
    if hasattr(error, "exit_code") and hasattr(error, "format_message"):
        show = getattr(error, "show", None)
        if show is not None:
            show()
        return int(error.exit_code)
    if type(error).__name__ == "Abort":
        return errors.INTERRUPTED
    _report_bug(error)
    return errors.BUG


def _complain(message: str, hint: str) -> None:
    print(f"error: {message}", file=sys.stderr)
    if hint:
        print(f"  {hint}", file=sys.stderr)


def _close_stdout() -> None:
    """The reader went away (``llmpick list | head``): nothing more to say."""
    import os

    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _report_bug(error: Exception) -> None:
    import os

    if os.environ.get("LLMPICK_DEBUG"):
        raise error
    from llmpick import __version__

    where = error.__traceback__
    while where is not None and where.tb_next is not None:
        where = where.tb_next
    place = f"{where.tb_frame.f_code.co_name}, line {where.tb_lineno}" if where else "unknown place"
    print(f"error: this is a bug in llmpick {__version__}: {type(error).__name__}: {error} ({place})", file=sys.stderr)
    print("  Please report it with the command you ran; LLMPICK_DEBUG=1 shows the whole traceback.", file=sys.stderr)
