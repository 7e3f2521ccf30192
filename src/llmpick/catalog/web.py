"""Asking web servers politely: with a time limit, few at once, a pause between questions to one host, and retries.

Only `llmpick validate --online` uses it. Nothing is written, nothing but the addresses of the catalog is asked for, and
no more than `MAX_BYTES` of an answer is read.
"""

import time
from threading import Lock
from typing import NamedTuple
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

MAX_BYTES = 4 * 2**20
AGENT = "llmpick-validate/1 (checks the sources of a catalog)"
_HEAD_REFUSED = {403, 405, 501}
"""Servers that answer GET refuse HEAD with one of these."""
_PASSING = {408, 425, 429, 500, 502, 503, 504}
_GONE = {404, 410}


class Answer(NamedTuple):
    """``status``: ok, moved, gone or unreachable. ``url``: where it was found in the end."""

    status: str
    detail: str
    url: str
    body: bytes = b""


class Web:
    """A client. ``pause`` seconds between two questions to one host; ``retries`` after a passing failure."""

    def __init__(self, timeout: float = 15.0, pause: float = 0.5, retries: int = 2) -> None:
        self.timeout, self.pause, self.retries = timeout, pause, retries
        self._next: dict[str, float] = {}
        self._silent: dict[str, str] = {}
        self._lock = Lock()

    def look(self, url: str) -> Answer:
        """Whether there is something at ``url``: HEAD, and GET where HEAD is refused."""
        answer = self._ask("HEAD", url)
        if answer.status == "unreachable" and answer.detail.split(" ")[0] in map(str, _HEAD_REFUSED):
            answer = self._ask("GET", url)
        return answer

    def get(self, url: str) -> Answer:
        """What is at ``url``."""
        return self._ask("GET", url)

    def _ask(self, method: str, url: str) -> Answer:
        host = urlsplit(url).netloc
        answer = Answer("unreachable", self._silent.get(host, ""), url)
        for attempt in range(0 if host in self._silent else self.retries + 1):
            self._wait(host, self.pause * 2**attempt)
            answer, again = self._once(method, url)
            if not again:
                break
        if answer.status == "unreachable" and not answer.detail[:3].isdigit():
            self._silent[host] = answer.detail  # nobody is there: do not ask for each of its pages
        return answer

    def _wait(self, host: str, pause: float) -> None:
        """Sleep until this host may be asked again, and book the next turn."""
        with self._lock:
            turn = max(time.monotonic(), self._next.get(host, 0.0))
            self._next[host] = turn + pause
        time.sleep(max(0.0, turn - time.monotonic()))

    def _once(self, method: str, url: str) -> tuple[Answer, bool]:
        """(the answer, whether asking again may help)."""
        request = Request(url, method=method, headers={"User-Agent": AGENT, "Accept": "*/*"})
        try:
            with urlopen(request, timeout=self.timeout) as response:
                body = response.read(MAX_BYTES) if method == "GET" else b""
                found = response.geturl()
        except HTTPError as error:
            error.close()
            status = "gone" if error.code in _GONE else "unreachable"
            return Answer(status, f"{error.code} {error.reason}", url), error.code in _PASSING
        except (URLError, OSError, ValueError) as error:
            return Answer("unreachable", str(getattr(error, "reason", error)) or type(error).__name__, url), True
        moved = _place(found) != _place(url)
        return Answer("moved" if moved else "ok", f"now at {found}" if moved else "", found, body), False


def _place(url: str) -> tuple[str, str]:
    """Host and path, however the address is spelled."""
    parts = urlsplit(url)
    return parts.netloc.lower().removeprefix("www."), parts.path.rstrip("/").lower()
