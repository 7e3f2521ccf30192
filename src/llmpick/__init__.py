"""llmpick: which open LLM runs on your hardware, how, how well, and how we know."""


def __getattr__(name: str) -> str:
    if name == "__version__":
        from importlib.metadata import version

        return version("llmpick")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
