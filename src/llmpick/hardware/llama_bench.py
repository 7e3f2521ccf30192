"""Running ``llama-bench`` where it is installed. Only `llmpick calibrate` does."""

from collections.abc import Sequence

from llmpick.errors import InvalidFile, UsageError

LIMIT_SECONDS = 3600
ARGUMENTS = ("-p", "512", "-n", "128", "-ngl", "99", "-o", "json")


def run_llama_bench(models: Sequence[str], program: str = "llama-bench") -> bytes:
    """What it prints for these GGUF files, as JSON. Raises UsageError without it, InvalidFile when it fails."""
    import shutil
    import subprocess

    found = shutil.which(program)
    if found is None:
        raise UsageError(
            f"{program} is not on the PATH", "build or install llama.cpp, or give a file that it wrote with -o json"
        )
    named = [argument for model in models for argument in ("-m", model)]
    try:
        run = subprocess.run([found, *named, *ARGUMENTS], capture_output=True, timeout=LIMIT_SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise InvalidFile(f"{program} did not finish: {error}") from None
    if run.returncode:
        last = run.stderr.decode("utf-8", "replace").strip().splitlines()[-1:]
        raise InvalidFile(f"{program} failed with {run.returncode}: {''.join(last)[:300]}", "run it by hand to see why")
    return run.stdout
