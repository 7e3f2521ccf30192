"""Work that hangs, raises, crashes or answers, in a child process and in a thread."""

import os
import signal
import threading
from collections.abc import Callable
from typing import Any

import pytest

from llmpick.hardware import deadline
from llmpick.hardware.deadline import CrashedError, OverdueError


@pytest.fixture(params=["child", "thread"])
def call(request: pytest.FixtureRequest) -> Callable[..., Any]:
    """Both ways of running the work."""
    if request.param == "child" and not hasattr(os, "fork"):
        pytest.skip("needs fork")
    return {"child": deadline._in_child, "thread": deadline._in_thread}[request.param]


def hang() -> None:
    threading.Event().wait()


def fail() -> None:
    raise ValueError("the driver said no")


def test_the_answer_comes_back(call: Callable[..., Any]) -> None:
    answer = {"devices": [{"total": 2**40, "name": "x" * 100_000, "none": None}]}
    assert call(lambda: answer, 30.0) == answer


def test_work_that_hangs_is_given_up(call: Callable[..., Any]) -> None:
    with pytest.raises(OverdueError):
        call(hang, 0.2)


def test_an_exception_is_told_by_name(call: Callable[..., Any]) -> None:
    with pytest.raises(CrashedError, match="ValueError: the driver said no"):
        call(fail, 30.0)


def test_an_answer_that_cannot_be_carried_over_is_an_error(call: Callable[..., Any]) -> None:
    with pytest.raises(CrashedError):
        call(object, 30.0)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_killed_child_is_a_crash_with_its_status() -> None:
    with pytest.raises(CrashedError, match="status 9"):
        deadline._in_child(lambda: os.kill(os.getpid(), signal.SIGKILL), 30.0)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_child_given_up_does_not_stay_behind() -> None:
    with pytest.raises(OverdueError):
        deadline._in_child(hang, 0.1)
    try:
        while os.waitpid(-1, 0)[0] > 0:
            pass
    except ChildProcessError:
        return
    pytest.fail("a child is left")


def test_forking_is_refused_with_several_threads() -> None:
    stop = threading.Event()
    thread = threading.Thread(target=stop.wait)
    thread.start()
    try:
        assert not deadline._can_fork()
    finally:
        stop.set()
        thread.join()
