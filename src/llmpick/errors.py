"""Every error a user can meet: what happened, why, what to do next, and the exit code.

Only ``cli.main`` turns these into an exit; all else raises. An exception that is not an ``LlmpickError``
is our bug (exit 70).
"""

ANSWERED = 0
NOTHING_FITS = 1
USAGE = 2
INVALID = 3
UNKNOWN_NAME = 4
BUG = 70
INTERRUPTED = 130


class LlmpickError(Exception):
    """An expected failure. ``hint`` says what to do about it."""

    exit_code = USAGE

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class UsageError(LlmpickError):
    """An option's value cannot be used."""

    exit_code = USAGE


class InvalidFile(LlmpickError):
    """A catalog, config, GGUF, safetensors or rig file is damaged, inconsistent or not understood."""

    exit_code = INVALID


class UnsupportedArchitecture(InvalidFile):
    """A model whose shape we cannot derive exactly: refused rather than guessed."""


class CatalogNotFound(InvalidFile):
    """No catalog directory where one was looked for."""


class UnknownName(LlmpickError):
    """A model, GPU, format or runtime that nobody knows, with near names as the hint."""

    exit_code = UNKNOWN_NAME

    FEW = 24
    """Up to so many names are listed where none is near."""

    @classmethod
    def near(cls, kind: str, name: str, known: "list[str]") -> "UnknownName":
        """The error for ``name``, suggesting the nearest of ``known``."""
        from difflib import get_close_matches

        folded = {candidate.lower(): candidate for candidate in known}
        matches = [folded[match] for match in get_close_matches(name.lower(), list(folded), n=5, cutoff=0.5)]
        contained = [original for low, original in folded.items() if name.lower() in low]
        nearest = list(dict.fromkeys(matches + sorted(contained)[:5]))[:5]
        hint = "Did you mean: " + ", ".join(nearest) + "?" if nearest else ""
        if not nearest and len(known) <= cls.FEW:
            hint = "One of: " + ", ".join(known)
        return cls(f"unknown {kind} {name!r}", hint)
