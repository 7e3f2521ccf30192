"""What a model file says in words: its name, licence, repository and languages, and where its shape was read."""

import re
from collections.abc import Collection
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from llmpick.catalog.catalog import Catalog
from llmpick.readers.stored import ConfigSource, StoredModel

_REPOSITORY = re.compile(r"[A-Za-z0-9][\w.-]{0,95}/[A-Za-z0-9][\w.-]{0,95}")
_HUB = re.compile(r"https?://huggingface\.co/([^/?#]+/[^/?#]+)")
_SIZE = re.compile(r"-?(\d+x)?\d+([._]\d+)?[bmt](-a\d+([.]\d+)?[bm])?(?![a-z0-9])")


def said_by(opened: ConfigSource | StoredModel, path: Path, repository: str | None) -> dict[str, Any]:
    """Name, organization, license, repository and languages as the file has them."""
    said: dict[str, Any] = {}
    if isinstance(opened, StoredModel) and opened.kind == "gguf":
        general = {key.removeprefix("general."): value for key, value in opened.metadata.items()}
        for key in ("name", "organization", "license"):
            if isinstance(general.get(key), str) and general[key].strip():
                said[key] = general[key].strip()
        urls = (str(general.get(key, "")) for key in ("source.huggingface.repository", "source.url", "repo_url"))
        found = next((match for match in map(_repository, urls) if match), None)
        languages = general.get("languages")
        if isinstance(languages, (list, tuple)) and languages and all(isinstance(one, str) for one in languages):
            said["languages"] = ", ".join(languages)
    else:
        found = _repository(str((opened.config or {}).get("_name_or_path", "")))
    said["repository"] = repository or found
    resolved = path.resolve()
    folder = resolved.name if resolved.is_dir() else resolved.parent.name
    fallback = resolved.stem if resolved.suffix == ".gguf" else folder
    said.setdefault("name", (said["repository"] or fallback or "model").split("/")[-1])
    return said


def _repository(text: str) -> str | None:
    """``owner/name`` in a repository name or a link to one."""
    link = _HUB.match(text)
    name = link[1] if link else text
    return name if _REPOSITORY.fullmatch(name) else None


def licence_id(said: str, licences: Collection[str]) -> str | None:
    """The catalog's id of a licence that the file names by it (``apache-2.0``)."""
    return next((known for known in licences if known.lower() == said.lower()), None)


def source_of(opened: ConfigSource | StoredModel, repository: str | None, path: Path) -> dict[str, Any]:
    """Where the shape was read, and when the file was fetched; nobody else can look a local file up: low confidence."""
    file = path / "config.json" if path.is_dir() and (path / "config.json").exists() else path
    kind = getattr(opened, "kind", "config")
    if kind == "gguf":
        where = f"GGUF metadata of {path.name}" + (f", {repository}" if repository else "")
    elif repository:
        where = f"https://huggingface.co/{repository}/blob/main/config.json"
    else:
        where = f"config.json of {path.resolve().name if path.is_dir() else path.resolve().parent.name}"
    found = {"source": where, "date": datetime.fromtimestamp(file.stat().st_mtime, UTC).date().isoformat()}
    return found if repository else {**found, "confidence": "low"}


def slug(name: str) -> str:
    """``Meta Llama 3.1 8B`` -> ``meta-llama-3.1-8b``."""
    return re.sub(r"-+", "-", re.sub(r"[^a-z0-9.]+", "-", name.lower())).strip("-.") or "model"


def family_of(model_id: str, catalog: Catalog) -> str:
    """The id without its size; the whole id where the catalog has that family, whose facts it would inherit."""
    if model_id in catalog.families:  # a record of this id is replaced where it stands
        return catalog.families[model_id]
    family = _SIZE.split(model_id, maxsplit=1)[0].strip("-.") or model_id
    return model_id if family in set(catalog.families.values()) else family
