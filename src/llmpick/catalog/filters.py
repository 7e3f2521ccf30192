"""Which models a user wants to see. A model of which a fact is unknown does not pass a filter on that fact."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from llmpick.errors import UnknownName


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """Every criterion that is not None must hold. Names are compared without case."""

    family: str | None = None
    organization: str | None = None
    licence: str | None = None
    commercial: bool = False
    language: str | None = None
    min_parameters: int | None = None
    max_parameters: int | None = None
    min_context: int | None = None
    variant: str | None = None
    released_after: str | None = None
    architecture: str | None = None
    open_weights: bool = False
    query: str | None = None

    def allow(
        self, model_id: str, facts: dict[str, Any], count: dict[str, Any], licence: dict[str, Any], family: str
    ) -> bool:
        """Whether the model passes."""
        total, context = count.get("total"), facts.get("context_length")
        checks = (
            _same(self.family, family),
            _contains(self.organization, facts.get("organization")),
            _contains(self.licence, facts.get("licence")) or _contains(self.licence, licence.get("name")),
            not self.commercial or licence.get("commercial_use") in ("yes", "conditional"),
            self.language is None or speaks(facts, self.language),
            self.min_parameters is None or (total is not None and total >= self.min_parameters),
            self.max_parameters is None or (total is not None and total <= self.max_parameters),
            self.min_context is None or (context is not None and context >= self.min_context),
            self.variant is None or self.variant.lower() in facts.get("variants", ()),
            self.released_after is None or facts.get("release_date", "") > self.released_after,
            _same(self.architecture, count.get("model_type")),
            not self.open_weights or facts.get("weights", "open") == "open",
            self.query is None or self.query.lower() in f"{model_id} {facts['name']} {facts['organization']}".lower(),
        )
        return all(checks)


def refuse_unknown(filters: Filters, families: Iterable[str], model_types: Iterable[str]) -> None:
    """Raise UnknownName for a family or model type that no model has: an empty list would look like an answer."""
    asked = (("family", filters.family, families), ("model type", filters.architecture, model_types))
    for kind, wanted, known in asked:
        names = sorted({name for name in known if name})
        if wanted is not None and wanted.lower() not in (name.lower() for name in names):
            raise UnknownName.near(kind, wanted, names)


LANGUAGES = {"chinese": "zh", "english": "en", "french": "fr", "german": "de", "spanish": "es", "japanese": "ja",
             "korean": "ko", "russian": "ru", "arabic": "ar", "italian": "it", "portuguese": "pt"}  # fmt: skip


def speaks(facts: dict[str, Any], language: str) -> bool:
    """Whether the sourced language list names the language; Chinese also counts when its support is good."""
    import re

    code = LANGUAGES.get(language.lower(), language.lower())
    if code == "zh" and facts.get("chinese_support"):
        return str(facts["chinese_support"]).lower().startswith(("good", "native", "strong"))
    return re.search(rf"\b{re.escape(code)}\b", str(facts.get("languages", "")).lower()) is not None


def _same(wanted: str | None, actual: Any) -> bool:
    return wanted is None or (actual is not None and str(actual).lower() == wanted.lower())


def _contains(wanted: str | None, actual: Any) -> bool:
    return wanted is None or (actual is not None and wanted.lower() in str(actual).lower())
