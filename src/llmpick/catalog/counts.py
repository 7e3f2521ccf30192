"""What is computed once from every model's shape and kept beside the snapshot, for lists."""

from typing import TYPE_CHECKING, Any

from llmpick.catalog.catalog import Catalog
from llmpick.errors import InvalidFile

if TYPE_CHECKING:
    from llmpick.architecture.decoder import Architecture


def counts(catalog: Catalog) -> dict[str, dict[str, Any]]:
    """Model id -> ``total``, ``active``, ``kv_elements_per_token``, ``shape``; a refused model has only ``refused``.

    ``shape`` is equal for models whose weights have the same shapes: an original and its fine-tunes.
    """
    rows: dict[str, dict[str, Any]] = catalog.store.derived("counts", lambda: _all(catalog))
    return rows


def _all(catalog: Catalog) -> dict[str, dict[str, Any]]:
    from llmpick.catalog.built_architectures import keep

    built: dict[str, Architecture] = {}
    found = {model_id: _one(catalog, model_id, built) for model_id in catalog.ids}
    keep(catalog, built.items())
    return found


def _one(catalog: Catalog, model_id: str, built: "dict[str, Architecture]") -> dict[str, Any]:
    from llmpick.catalog.subject import subject_of_model
    from llmpick.inventory.caches import kv_elements_per_token

    try:
        subject = subject_of_model(model_id, catalog)
        count = subject.parameters
    except InvalidFile as error:
        return {"refused": error.message}
    built[model_id] = subject.architecture
    inner = [tensor for tensor in subject.tensors if "embedding" not in tensor.role and tensor.role != "output_head"]
    return {
        "total": count.total,
        "active": count.active,
        "kv_elements_per_token": kv_elements_per_token(subject.caches),
        "model_type": subject.architecture.model_type,
        "shape": _digest(sorted({(tensor.role, tensor.shape, tensor.number) for tensor in inner})),
    }


def _digest(layout: list[Any]) -> str:
    from hashlib import blake2b

    return blake2b(repr(layout).encode(), digest_size=6).hexdigest()
