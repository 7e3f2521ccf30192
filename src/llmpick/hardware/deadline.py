"""Run something that may hang or crash in a driver, and give up after a time limit.

A hung driver holds its caller inside the kernel, where not even SIGKILL ends it; a thread would then keep our own
process from exiting. So the work runs in a forked child (about a millisecond), which also contains crashes of the
driver's library. Where forking is impossible or unsafe (Windows, several threads) a daemon thread has to do.
"""

import marshal
import os
import signal
import sys
from collections.abc import Callable
from typing import Any


class OverdueError(Exception):
    """The work was still running at the time limit."""


class CrashedError(Exception):
    """The work ended without an answer: an exception, or a crash in a native library."""


def call(work: Callable[[], Any], limit_seconds: float) -> Any:
    """The value of ``work()``, of built-in types. Raises `OverdueError` or `CrashedError`, not what the work raises."""
    return _in_child(work, limit_seconds) if _can_fork() else _in_thread(work, limit_seconds)


def _can_fork() -> bool:
    """Forking a process with several threads can deadlock in the child."""
    if sys.platform != "linux":
        return False
    try:
        return len(os.listdir("/proc/self/task")) == 1
    except OSError:
        return False


def _in_child(work: Callable[[], Any], limit_seconds: float) -> Any:
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        _answer(work, writer)
    os.close(writer)
    try:
        answer = _read_until(reader, limit_seconds)
    except OverdueError:
        os.kill(child, signal.SIGKILL)
        _reap(child, os.WNOHANG)  # it may never die; do not wait
        raise
    finally:
        os.close(reader)
    status = _reap(child, 0)
    return _unpack(answer, f"the driver's library ended the process (status {status})")


def _answer(work: Callable[[], Any], writer: int) -> None:
    """In the child: write the answer and leave at once, without running the parent's exit handlers."""
    try:
        data = _packed(work)
        while data:
            data = data[os.write(writer, data) :]
    finally:
        os._exit(0)


def _packed(work: Callable[[], Any]) -> bytes:
    try:
        return marshal.dumps((True, work()))
    except BaseException as error:
        return marshal.dumps((False, f"{type(error).__name__}: {error}"))


def _unpack(answer: bytes, if_empty: str) -> Any:
    if not answer:
        raise CrashedError(if_empty)
    succeeded, value = marshal.loads(answer)
    if not succeeded:
        raise CrashedError(value)
    return value


def _read_until(reader: int, limit_seconds: float) -> bytes:
    import select
    import time

    deadline = time.monotonic() + limit_seconds
    chunks: list[bytes] = []
    while True:
        ready, _, _ = select.select([reader], [], [], max(0.0, deadline - time.monotonic()))
        if not ready:
            raise OverdueError
        chunk = os.read(reader, 65536)
        if not chunk:
            return b"".join(chunks)
        chunks.append(chunk)


def _reap(child: int, options: int) -> int:
    """The child's exit status; 0 if somebody else reaps children (SIGCHLD ignored)."""
    try:
        return os.waitpid(child, options)[1]
    except ChildProcessError:
        return 0


def _in_thread(work: Callable[[], Any], limit_seconds: float) -> Any:
    import threading

    answers: list[bytes] = []
    thread = threading.Thread(target=lambda: answers.append(_packed(work)), daemon=True)
    thread.start()
    thread.join(limit_seconds)
    if thread.is_alive():
        raise OverdueError
    return _unpack(answers[0], "no answer")
