"""What a user's options mean: requests, formats to try, models allowed. Values are checked here, once."""

from collections.abc import Mapping, Sequence
from typing import Any

from llmpick.catalog.catalog import Catalog
from llmpick.catalog.counts import counts
from llmpick.catalog.filters import Filters, refuse_unknown
from llmpick.errors import UsageError
from llmpick.fit.quality import KNOWLEDGE, benchmark_named, figures
from llmpick.formats import canonical_name
from llmpick.formats.loading import check_loads
from llmpick.runtimes.base import Request


def request_of(context: int, sequences: int, kv_cache_type: str | None, settings: Sequence[str] | None) -> Request:
    """The request behind ``--context``, ``--users``, ``--kv-cache-type K[,V]`` and ``--set KEY=VALUE``."""
    if context < 1:
        raise UsageError("the context is at least one token")
    key, _, value = (kv_cache_type or "f16").lower().partition(",")
    return Request(
        context=context, sequences=sequences, type_k=key, type_v=value or key, settings=parsed_settings(settings)
    )


def parsed_settings(settings: Sequence[str] | None) -> dict[str, str]:
    """``KEY=VALUE`` pairs; the runtime checks names and types."""
    found = {}
    for text in settings or ():
        key, sign, value = text.partition("=")
        if not sign or not key:
            raise UsageError(f"--set {text!r} is not KEY=VALUE", "for instance --set n_ubatch=256")
        found[key.strip()] = value.strip()
    return found


def formats_to_try(quant: str | None, formats: Mapping[str, Any], runtime: str = "llama.cpp") -> tuple[str, ...]:
    """The formats named by ``--quant`` (commas for several, best first), or the runtime's usual ladder.

    Raises UnknownName, and UsageError for a format that the runtime does not load.
    """
    if quant is None:
        return tuple(formats["ladders"]["ladders"][runtime])
    named = tuple(canonical_name(name.strip(), formats) for name in quant.split(","))
    for name in named:
        check_loads(runtime, name, formats)
    return named


def ranked_by(use: str, catalog: Catalog) -> dict[str, Any]:
    """The part of a wish that says what models are ranked by: ``--for chat``. Raises UnknownName."""
    scales = catalog.benchmarks["scales"]
    name = benchmark_named(use, scales)
    if name == KNOWLEDGE:
        return {}
    facts = scales["benchmarks"]
    return {"evidence": figures(catalog, name, facts), "loss_scale": facts[name]["loss_scale"]}


def allowed_models(catalog: Catalog, filters: Filters) -> frozenset[str] | None:
    """Ids that pass the filters; None when there are none."""
    if filters == Filters():
        return None
    counted, licences, families = counts(catalog), catalog.licences, catalog.families
    refuse_unknown(filters, families.values(), (row.get("model_type", "") for row in counted.values()))
    return frozenset(
        model_id
        for model_id, facts in catalog.facts.items()
        if filters.allow(model_id, facts, counted[model_id], licences.get(facts["licence"], {}), families[model_id])
    )
