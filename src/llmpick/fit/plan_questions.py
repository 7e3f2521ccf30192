"""What `plan` is asked, put together once: the model in every format that is tried, and the work of a step in each."""

from llmpick.catalog.catalog import Catalog
from llmpick.catalog.subject import Subject
from llmpick.errors import UsageError
from llmpick.fit.planning import Asked
from llmpick.fit.ranking import runtime_data
from llmpick.fit.requests import formats_to_try
from llmpick.fit.speed.work import work_of_model
from llmpick.fit.subjects import loadable_format, model_in, usual_ladder
from llmpick.formats.gguf_mix import converts
from llmpick.formats.loading import check_loads
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
    if known.gguf and subject.source != "gguf" and not converts(subject.architecture, catalog.formats):
        raise UsageError(
            f"{known.name} has no converter for this architecture ({subject.architecture.model_type})",
            "--runtime transformers",
        )
    own = loadable_format(subject, known.name)
    ladder = formats_to_try(quant, catalog.formats, known.name)
    if quant is None:
        ladder = (own,) if own else usual_ladder(subject, known.name, catalog.formats, ladder[:USUAL_FORMATS])
    else:
        for name in ladder:
            check_loads(known.name, name, catalog.formats)
    held = {name: model_in(subject, name, catalog.formats, known.name) for name in ladder}
    return Asked(
        known.name,
        [(name, llama_cpp.load(model) if known.gguf else model) for name, model in held.items()],
        {name: work_of_model(model, known.name) for name, model in held.items()},
        request, runtime_data(catalog, known.name), subject.max_context, least,
    )  # fmt: skip
