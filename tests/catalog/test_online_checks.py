"""``validate --online`` against a server on this machine: what is there, moved, gone, refused, slow or different."""

import json
from collections import Counter
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest

from llmpick.catalog import validation
from llmpick.catalog.online import check
from llmpick.catalog.validation import online
from llmpick.catalog.web import Web
from llmpick.cli.main import run
from llmpick.errors import UsageError

MODEL = "models/tiny/tiny-7b.yaml"
TOTAL = 6_738_415_616
CONFIG = {"model_type": "llama", "hidden_size": 4096, "num_hidden_layers": 32, "vocab_size": 32000}


class Site:
    """What a server says: path -> (status, body or the place it moved to), and what it was asked."""

    def __init__(self) -> None:
        self.pages: dict[str, tuple[int, str]] = {}
        self.asked: Counter[tuple[str, str]] = Counter()
        self.failures: Counter[str] = Counter()
        self.url = ""

    def hub(self, **changes: Any) -> None:
        """Serve the repository of the small catalog's model, with some metadata changed."""
        found = {"id": "example/tiny-7b-hf", "gated": False, "cardData": {"license": "strict"}} | changes
        self.pages["/api/models/example/tiny-7b-hf"] = (200, json.dumps(found))
        self.pages.setdefault("/example/tiny-7b-hf/raw/main/config.json", (200, json.dumps(CONFIG)))


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    made = Site()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            made.asked[self.command, self.path] += 1
            status, body = made.pages.get(self.path, (404, ""))
            if made.failures[self.path] > 0:
                made.failures[self.path] -= 1
                status, body = 503, ""
            if status == 405 and self.command == "GET":
                status = 200
            self.send_response(status)
            if status in (301, 302):
                self.send_header("Location", body)
            self.end_headers()
            if self.command == "GET" and status == 200:
                self.wfile.write(body.encode())

        do_HEAD = do_GET  # noqa: N815

        def log_message(self, *arguments: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    made.url = f"http://127.0.0.1:{server.server_port}"
    monkeypatch.setenv("HF_ENDPOINT", made.url)
    yield made
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def local(small: Any, site: Site) -> Any:
    """The small catalog with all its addresses on this machine."""
    for name in ("models/tiny/family.yaml", MODEL):
        path = small.directory / name
        path.write_text(path.read_text().replace("https://example.org", site.url))
    return small


@pytest.fixture
def web() -> Web:
    return Web(timeout=5, pause=0, retries=1)


@pytest.mark.parametrize(
    ("page", "status", "detail"),
    [
        ((200, ""), "ok", ""),
        ((404, ""), "gone", "404 Not Found"),
        ((410, ""), "gone", "410 Gone"),
        ((405, ""), "ok", ""),
        ((401, ""), "unreachable", "401 Unauthorized"),
        ((503, ""), "unreachable", "503 Service Unavailable"),
    ],
)
def test_what_is_at_an_address(site: Site, web: Web, page: tuple[int, str], status: str, detail: str) -> None:
    site.pages["/page"] = page
    assert web.look(f"{site.url}/page")[:2] == (status, detail)


def test_a_page_that_moved_is_named(site: Site, web: Web) -> None:
    site.pages |= {"/old": (301, "/new"), "/new": (200, "")}
    assert web.look(f"{site.url}/old")[:2] == ("moved", f"now at {site.url}/new")


def test_the_body_is_asked_for_only_where_a_head_is_refused(site: Site, web: Web) -> None:
    site.pages |= {"/head": (200, ""), "/get": (405, "")}
    web.look(f"{site.url}/head")
    web.look(f"{site.url}/get")
    assert site.asked == {("HEAD", "/head"): 1, ("HEAD", "/get"): 1, ("GET", "/get"): 1}


def test_a_passing_failure_is_asked_again_and_a_lasting_one_is_not(site: Site, web: Web) -> None:
    site.pages["/page"] = (200, "")
    site.failures["/page"] = 1
    assert web.look(f"{site.url}/page").status == "ok"
    assert web.look(f"{site.url}/nothing").status == "gone"
    assert site.asked == {("HEAD", "/page"): 2, ("HEAD", "/nothing"): 1}


def test_a_server_that_does_not_answer_is_unreachable(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is not asked for its other pages."""
    asked: list[str] = []
    once = web._once
    monkeypatch.setattr(web, "_once", lambda method, url: asked.append(url) or once(method, url))
    assert web.look("http://127.0.0.1:1/").status == "unreachable"
    assert web.look("http://127.0.0.1:1/other").status == "unreachable"
    assert asked == ["http://127.0.0.1:1/"] * 2


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, ("ok", "example/tiny-7b-hf")),
        ({"gated": "manual"}, ("ok", "example/tiny-7b-hf (gated: manual)")),
        ({"safetensors": {"total": TOTAL}}, ("ok", "example/tiny-7b-hf")),
        ({"cardData": {"license": "other"}}, ("ok", "example/tiny-7b-hf")),
        (
            {"safetensors": {"total": 7}},
            ("changed", f"example/tiny-7b-hf: safetensors hold 7, the record explains {TOTAL:,}"),
        ),
        (
            {"cardData": {"license": "mit"}},
            ("changed", "example/tiny-7b-hf: licence tag 'mit', the record says 'strict'"),
        ),
        (
            {"cardData": None, "tags": ["license:mit"]},
            ("changed", "example/tiny-7b-hf: licence tag 'mit', the record says 'strict'"),
        ),
        ({"id": "other/tiny"}, ("changed", "example/tiny-7b-hf: the repository is now other/tiny")),
    ],
)
def test_what_the_hub_says(local: Any, site: Site, web: Web, changes: dict[str, Any], said: tuple[str, str]) -> None:
    site.hub(**changes)
    findings = check(local.read(), {"tiny-7b": TOTAL}, web, None, None)
    assert [(row.status, row.message) for row in findings if row.field == "repositories.0"] == [said]


def test_a_config_that_differs_is_told_key_by_key(local: Any, site: Site, web: Web) -> None:
    site.pages["/example/tiny-7b-hf/raw/main/config.json"] = (200, json.dumps(CONFIG | {"vocab_size": 32001}))
    site.hub()
    findings = check(local.read(), {"tiny-7b": TOTAL}, web, None, None)
    assert "config.vocab_size is 32001, the record says 32000" in findings[-1].message


@pytest.mark.parametrize(("body", "status"), [(None, "gone"), ("no json", "unreachable"), ("[]", "unreachable")])
def test_a_repository_that_is_not_there_or_not_understood(
    local: Any, site: Site, web: Web, body: str | None, status: str
) -> None:
    if body is not None:
        site.pages["/api/models/example/tiny-7b-hf"] = (200, body)
    assert check(local.read(), {"tiny-7b": TOTAL}, web, None, None)[-1].status == status


def test_a_finding_stands_where_the_address_is_written(local: Any, site: Site, web: Web) -> None:
    site.hub()
    local.replace(MODEL, "date: '2023-03-01'}]\n  pub", f"date: '2023-03-01'}}, {{source: '{site.url}/x'}}]\n  pub")
    found = [str(row) for row in check(local.read(), {"tiny-7b": TOTAL}, web, None, None)]
    line = (local.directory / MODEL).read_text().split("release_date: [{")[0].count("\n") + 1
    assert any(
        row.startswith(f"{MODEL}:{line}:") and row.endswith(f"gone: {site.url}/x 404 Not Found") for row in found
    )


def test_a_sample_is_spread_evenly_and_the_same_each_time(builtin: Any) -> None:
    class Nothing(Web):
        def _once(self, method: str, url: str) -> Any:
            from llmpick.catalog.web import Answer

            return Answer("ok", "", url), False

    first, second = (check(builtin, {}, Nothing(pause=0), None, 40) for _ in range(2))
    assert first == second
    assert len(first) == 40
    assert len({row.file for row in first}) > 20


def test_the_command_reports_and_exits_by_what_it_found(
    site: Site, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """llama-7b's repositories are gone from this hub; its addresses elsewhere are not asked for."""
    monkeypatch.setattr("llmpick.catalog.online.addresses", lambda source: iter(()))
    monkeypatch.setattr("llmpick.catalog.web.Web.__init__.__defaults__", (5.0, 0.0, 0))
    assert run(["validate", "--online", "--only", "llama-7b"]) == 3
    output = capsys.readouterr()
    assert "llama-7b.yaml:" in output.out
    assert "repositories.0: gone:" in output.out
    assert "0 ok, 0 changed" in output.err
    assert run(["validate", "--online", "--only", "llama-7b", "--json"]) == 3
    assert json.loads(capsys.readouterr().out)["findings"][0]["status"] == "gone"


def test_what_cannot_be_reached_is_no_fault_of_the_catalog(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:1")
    monkeypatch.setattr("llmpick.catalog.online.addresses", lambda source: iter(()))
    monkeypatch.setattr("llmpick.catalog.web.Web.__init__.__defaults__", (5.0, 0.0, 0))
    assert run(["validate", "--online", "--only", "llama-7b"]) == 0


@pytest.mark.parametrize("arguments", [["--only", "llama-7b"], ["--sample", "3"], ["--online", "--only", "nobody"]])
def test_choices_that_make_no_sense_are_refused(arguments: list[str]) -> None:
    assert run(["validate", *arguments]) == 2


def test_an_unknown_model_is_named() -> None:
    with pytest.raises(UsageError, match="nobody"):
        online([], "nobody", None)


def test_the_plain_command_never_touches_the_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*arguments: Any, **named: Any) -> Any:
        raise AssertionError("a socket was opened")

    monkeypatch.setattr("socket.socket.connect", refuse)
    assert validation.validate([])[0] == []
