"""What `plan` is asked, put together once: the model in every format that is tried, and the work of a step in each."""

from llmpick.catalog.catalog import Catalog
from llmpick.catalog.subject import Subject
from llmpick.errors import UsageError
from llmpick.fit.planning import Asked
from llmpick.fit.ranking import runtime_data
from llmpick.fit.requests import formats_to_try
from llmpick.fit.speed.work import work_of_model
from llmpick.fit.subjects import loadable_format, model_in, usual_ladder, why_not_loaded
from llmpick.runtimes import llama_cpp
from llmpick.runtimes.base import Request
from llmpick.runtimes.registry import runtime_named

USUAL_FORMATS = 4
"""Of a ladder that nobody narrowed: those of about four bits and more."""


def asked_of(subject: Subject, catalog: Catalog, runtime: str, quant: str | None, request: Request,
             least: float | None = None) -> Asked:  # fmt: skip
    """The question in the words of a planner.

    Raises UnknownName (runtime, format) and UsageError where the runtime does not load a format that is named, or
    cannot load the model's architecture.
    """
    known = runtime_named(runtime)
    if reason := why_not_loaded(subject, known.name, catalog.formats):
        raise UsageError(reason, "--runtime transformers")
    own = loadable_format(subject, known.name)
    ladder = formats_to_try(quant, catalog.formats, known.name)
    if quant is None:
        ladder = (own,) if own else usual_ladder(subject, known.name, catalog.formats, ladder[:USUAL_FORMATS])
    held = {name: model_in(subject, name, catalog.formats, known.name) for name in ladder}
    return Asked(
        known.name,
        [(name, llama_cpp.load(model) if known.gguf else model) for name, model in held.items()],
        {name: work_of_model(model, known.name) for name, model in held.items()},
        request, runtime_data(catalog, known.name), subject.max_context, least,
    )  # fmt: skip
