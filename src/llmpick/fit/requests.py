"""What a user's options mean: requests, formats to try, models allowed. Values are checked here, once."""

from collections.abc import Mapping, Sequence
from typing import Any

from llmpick.catalog.catalog import Catalog
from llmpick.catalog.counts import counts
from llmpick.catalog.filters import Filters
from llmpick.errors import UsageError
from llmpick.fit.profiles import GGUF_LADDER
from llmpick.formats import canonical_name
from llmpick.runtimes.base import Request
from llmpick.runtimes.registry import runtime_named


def request_of(context: int, sequences: int, kv_cache_type: str | None, settings: Sequence[str] | None) -> Request:
    """The request behind ``--context``, ``--users``, ``--kv-cache-type K[,V]`` and ``--set KEY=VALUE``."""
    if context < 1:
        raise UsageError("the context is at least one token")
    key, _, value = (kv_cache_type or "f16").lower().partition(",")
    return Request(
        context=context, sequences=sequences, type_k=key, type_v=value or key, settings=parsed_settings(settings)
    )


def ranked_runtime(name: str) -> str:
    """The runtime that `fit` and `plan` place models for. Raises UsageError for one that only `memory` knows."""
    found = runtime_named(name).name
    if found != "llama.cpp":
        raise UsageError(
            f"placements are searched for llama.cpp only, not {found}", "llmpick memory MODEL --runtime " + found
        )
    return found


def parsed_settings(settings: Sequence[str] | None) -> dict[str, str]:
    """``KEY=VALUE`` pairs; the runtime checks names and types."""
    found = {}
    for text in settings or ():
        key, sign, value = text.partition("=")
        if not sign or not key:
            raise UsageError(f"--set {text!r} is not KEY=VALUE", "for instance --set n_ubatch=256")
        found[key.strip()] = value.strip()
    return found


def formats_to_try(quant: str | None, formats: Mapping[str, Any]) -> tuple[str, ...]:
    """The formats named by ``--quant`` (commas for several, best first), or the usual ladder."""
    if quant is None:
        return GGUF_LADDER
    return tuple(canonical_name(name.strip(), formats) for name in quant.split(","))


def allowed_models(catalog: Catalog, filters: Filters) -> frozenset[str] | None:
    """Ids that pass the filters; None when there are none."""
    if filters == Filters():
        return None
    counted, licences, families = counts(catalog), catalog.licences, catalog.families
    return frozenset(
        model_id
        for model_id, facts in catalog.facts.items()
        if filters.allow(model_id, facts, counted[model_id], licences.get(facts["licence"], {}), families[model_id])
    )
