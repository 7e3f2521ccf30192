"""``llmpick validate --online``: do the sources still exist, and does the hub still say what the records say?

Separate from `validation`, which never uses the network. Every address is asked once, however many facts name it.
"""

import json
import os
import re
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

from llmpick.catalog.loader import CatalogData, ModelSource, locate
from llmpick.catalog.web import Answer, Web
from llmpick.catalog.yaml_door import Path_

WORKERS = 8
HUB = "https://huggingface.co"
_URL = re.compile(r"https?://[^\s'\"<>]*[^\s'\"<>.,;:)]")
_PAPER = re.compile(r"\barXiv:(\d{4}\.\d{4,5})")
_HUB_MODEL = re.compile(r"[\w.-]+/[\w.-]+")
_VAGUE = {"other", "unknown", ""}
"""Licence tags that name no licence."""


class Finding(NamedTuple):
    """What became of one address. ``status``: ok, changed, gone or unreachable."""

    file: str
    line: int
    column: int
    field: str
    status: str
    message: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}: {self.field}: {self.status}: {self.message}"


Question = tuple[ModelSource, Path_, Callable[[Web], tuple[str, str]]]


def check(
    data: CatalogData, totals: Mapping[str, int], web: Web, only: str | None, sample: int | None
) -> list[Finding]:
    """One finding for each address and each hub repository of the models asked for.

    ``totals``: model id -> computed parameters. ``sample``: that many, spread evenly over all.
    """
    questions = list(_questions(data, totals, only))
    if sample is not None and sample < len(questions):
        questions = [questions[position * len(questions) // sample] for position in range(sample)]
    with ThreadPoolExecutor(WORKERS) as pool:
        answers = list(pool.map(lambda question: question[2](web), questions))
    return [
        Finding(*locate(source, path), ".".join(map(str, path)), *answer)
        for (source, path, _), answer in zip(questions, answers, strict=True)
    ]


def _questions(data: CatalogData, totals: Mapping[str, int], only: str | None) -> Iterator[Question]:
    seen: set[str] = set()
    for model_id, source in data.models.items():
        if only is not None and model_id != only:
            continue
        for path, url in addresses(source):
            if url not in seen:
                seen.add(url)
                yield source, path, lambda web, url=url: _looked(web.look(url), url)  # type: ignore[misc]
        for position, name in enumerate(source.data.get("repositories") or []):
            if _HUB_MODEL.fullmatch(name):
                total = totals.get(model_id) if position == 0 else None
                yield source, ("repositories", position), _hub_question(source.data, name, total)


def addresses(source: ModelSource) -> Iterator[tuple[Path_, str]]:
    """(key path, address) of every source and benchmark row that names one."""
    named = ((("sources", fact, position, "source"), row["source"])
             for fact, rows in source.data["sources"].items() for position, row in enumerate(rows))  # fmt: skip
    measured = ((("benchmarks", position, "source"), row["source"])
                for position, row in enumerate(source.data.get("benchmarks") or []))  # fmt: skip
    for path, text in (*named, *measured):
        for url in (*_URL.findall(text), *(f"https://arxiv.org/abs/{paper}" for paper in _PAPER.findall(text))):
            yield path, url


def _looked(answer: Answer, url: str) -> tuple[str, str]:
    status = "changed" if answer.status == "moved" else answer.status
    return status, f"{url} {answer.detail}".rstrip()


def _hub_question(record: Mapping[str, Any], name: str, total: int | None) -> Callable[[Web], tuple[str, str]]:
    """``total``: for the repository whose numbers the record states; the others must only exist."""
    hub = os.environ.get("HF_ENDPOINT", HUB).rstrip("/")

    def ask(web: Web) -> tuple[str, str]:
        answer = web.get(f"{hub}/api/models/{name}")
        if answer.status in ("gone", "unreachable"):
            return answer.status, f"{name} {answer.detail}"
        found = _json(answer.body)
        if found is None:
            return "unreachable", f"{name}: the hub's answer is no JSON"
        said = list(_metadata(record, name, found, total))
        config = None
        if total is not None and not found.get("gated"):
            config = _json(web.get(f"{hub}/{name}/raw/main/config.json").body)
        said += _config(record["config"], config or {}, ())
        access = f" (gated: {found['gated']})" if found.get("gated") else ""
        return ("changed" if said else "ok"), f"{name}{access}" + (": " + "; ".join(said) if said else "")

    return ask


def _json(body: bytes) -> dict[str, Any] | None:
    try:
        found = json.loads(body)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def _metadata(record: Mapping[str, Any], name: str, found: Mapping[str, Any], total: int | None) -> Iterator[str]:
    if str(found.get("id", name)).lower() != name.lower():
        yield f"the repository is now {found['id']}"
    if total is None:
        return
    card = _mapping(found.get("cardData"))
    tags = re.findall(r"license:([^\s'\"]+)", str(found.get("tags")))
    tag = str(card.get("license_name") or card.get("license") or next(iter(tags), ""))
    if tag.lower() not in _VAGUE and _plain(tag) != _plain(record["licence"]):
        yield f"licence tag {tag!r}, the record says {record['licence']!r}"
    stored, ours = _mapping(found.get("safetensors")).get("total"), record.get("checkpoint_parameters") or total
    if isinstance(stored, int) and stored != ours:
        yield f"safetensors hold {stored:,}, the record explains {ours:,}"


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _plain(licence: str) -> str:
    return re.sub(r"[^a-z0-9]|licen[sc]e|community|agreement", "", licence.lower())


def _config(ours: Mapping[str, Any], theirs: Mapping[str, Any], path: tuple[str, ...]) -> Iterator[str]:
    """Keys that both state, differently."""
    for key, value in ours.items():
        other = theirs.get(key)
        if isinstance(value, Mapping):
            yield from _config(value, other if isinstance(other, Mapping) else {}, (*path, key))
        elif other is not None and other != value:
            yield f"config.{'.'.join((*path, key))} is {other!r}, the record says {value!r}"[:200]
