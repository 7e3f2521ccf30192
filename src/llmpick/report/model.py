"""The answer of ``llmpick show``: all that is known of one model, with sources, lineage and claims."""

from collections.abc import Iterator, Mapping
from typing import Any

from llmpick.catalog.catalog import Catalog
from llmpick.catalog.records import ModelRecord
from llmpick.catalog.subject import Subject
from llmpick.fit.ranking import runtime_data
from llmpick.fit.subjects import loaded_subject
from llmpick.inventory.caches import kv_elements_per_token
from llmpick.report.claims import judged
from llmpick.report.document import Cell, Column, Document, Lines, Section, Styled, Table
from llmpick.report.parameters import published_json
from llmpick.report.text import text_of
from llmpick.runtimes import llama_cpp
from llmpick.runtimes.base import Budget, Request
from llmpick.units import format_bytes, format_count

CLAIM_CONTEXT = 2048


def model_document(subject: Subject, record: ModelRecord, catalog: Catalog) -> Document:
    """Facts with their sources, computed figures, lineage, benchmarks, claims beside the computation."""
    found: dict[str, int] = {}
    data = runtime_data(catalog)

    def need(format_name: str) -> int:
        if format_name not in found:
            model = loaded_subject(subject, format_name, catalog.formats)
            request = Request(context=min(CLAIM_CONTEXT, subject.max_context or CLAIM_CONTEXT))
            found[format_name] = llama_cpp.estimate(model, request, (Budget("one GPU", 2**60),), data).high
        return found[format_name]

    claims = [(claim, judged(claim, subject, need)) for claim in record.claims]
    body = {
        "schema": 1, "command": "show", "model": subject.to_json(), "facts": catalog.model_data(subject.id),
        "family": catalog.families[subject.id], "lineage": lineage(catalog, subject.id),
        "derivatives": derivatives(catalog, subject.id),
        "parameters": {"total": subject.parameters.total, "active": subject.parameters.active},
        "published": published_json(subject), "license": catalog.licences.get(record.licence),
        "kv_cache_elements_per_token": kv_elements_per_token(subject.caches),
        "claims": [{"article": claim.article, "kind": claim.kind, "text": claim.text, "finding": text_of(finding)}
                   for claim, finding in claims],
    }  # fmt: skip
    return Document(body, lambda: list(_sections(subject, record, body, claims)))


def lineage(catalog: Catalog, model_id: str) -> list[str]:
    """The model and what it derives from, oldest last."""
    chain = [model_id]
    while (base := catalog.facts[chain[-1]].get("derived_from")) in catalog.facts and base not in chain:
        chain.append(base)
    return chain


def derivatives(catalog: Catalog, model_id: str) -> list[str]:
    """Models that name this one as what they derive from."""
    return [other for other, facts in catalog.facts.items() if facts.get("derived_from") == model_id]


def _sections(subject: Subject, record: ModelRecord, body: Mapping[str, Any], claims: list[Any]) -> Iterator[Section]:
    yield Lines([f"{record.organization}, {record.release_date or 'release date unknown'}"], title=record.name)
    rows = list(_fact_rows(subject, record, body))
    yield Table([Column("Fact"), Column("Value", shrink_to=24), Column("Source", keep=1, shrink_to=16)], rows)
    if record.benchmarks:
        yield _benchmark_table(record)
    if claims:
        cells = [[claim.article, claim.text, finding] for claim, finding in claims]
        columns = [Column("Survey", keep=1), Column("It says", shrink_to=20), Column("We find", shrink_to=30)]
        yield Table(
            columns, cells, title=f"Surveys' claims beside the computation (llama.cpp, {CLAIM_CONTEXT:,} tokens)"
        )


def _fact_rows(subject: Subject, record: ModelRecord, body: Mapping[str, Any]) -> Iterator[list[Cell]]:
    count, licence = subject.parameters, body["license"] or {}
    kv_bytes = 2 * body["kv_cache_elements_per_token"]
    tokenizer = record.tokenizer
    plain: list[tuple[str, str | None, str]] = [
        ("parameters", f"{count.total:,} ({format_count(count.total)})", "computed"),
        ("active per token", f"{count.active:,}" if count.active != count.total else None, "computed"),
        ("published as", record.published_parameters.text if record.published_parameters else None, "published_parameters"),
        ("licence", f"{licence.get('name', record.licence)}; commercial use: {licence.get('commercial_use', 'unknown')}",
         "licence"),
        ("licence condition", licence.get("condition"), "licence"),
        ("context", f"{record.context_length:,} tokens" if record.context_length else None, "context_length"),
        ("KV cache per token", f"{format_bytes(kv_bytes)} in 16 bit ({kv_bytes:,} bytes)", "computed"),
        ("derived from", " < ".join(body["lineage"][1:]) or None, "derived_from"),
        ("derivatives here", ", ".join(body["derivatives"]) or None, ""),
        ("languages", record.languages, "languages"),
        ("Chinese", record.chinese_support, "chinese_support"),
        ("tokenizer", ", ".join(filter(None, (tokenizer.algorithm, tokenizer.library))) if tokenizer else None, "tokenizer"),
        ("vocabulary", f"{subject.architecture.embeddings.vocab_size:,}", "config"),
        ("training tokens", format_count(record.training.tokens) if record.training and record.training.tokens else None,
         "training"),
        ("positions", record.position_encoding, "position_encoding"),
        ("normalization", record.normalization, "normalization"),
        ("activation", record.activation, "activation"),
        ("attention", record.attention, "attention"),
        ("layers", f"{subject.architecture.num_hidden_layers} of width {subject.architecture.hidden_size:,}", "config"),
        ("weights stored in", record.native_format, "native_format"),
        ("repositories", ", ".join(record.repositories) or None, ""),
        ("weights", record.weights, ""),
    ]  # fmt: skip
    for name, value, fact in plain:
        if value:
            yield [name, value, _source(record, fact)]


def _source(record: ModelRecord, fact: str) -> Cell:
    if fact == "computed" or not fact:
        return fact
    found = record.sources.get(fact)
    if not found:
        return ""
    text = found[0].source
    return Styled(f"{text} (low confidence)", "warn") if found[0].confidence == "low" else text


def _benchmark_table(record: ModelRecord) -> Table:
    rows = [[row.benchmark, f"{row.value:g}", row.variant or "", row.setting or "", row.reported_by or "", row.source]
            for row in record.benchmarks]  # fmt: skip
    columns = [
        Column("Benchmark"), Column("Value", right=True), Column("Variant"), Column("Setting", shrink_to=12, keep=1),
        Column("Reported by", keep=2, shrink_to=12), Column("Source", keep=3, shrink_to=16),
    ]  # fmt: skip
    return Table(columns, rows, title="Benchmarks")
