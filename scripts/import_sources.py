"""How `import_facts` writes down where a fact was read."""

import re

LOCATED = re.compile(r"https?://|arXiv:\d|[\w.-]+/[\w.-]+|^(?:config|as \S+|inherits .*)$")
"""What can be looked up: an address, a paper, a repository, another fact of the catalog; the rest is hearsay."""
LOW = re.compile(r"recalled|llmfit HF date|per llmfit|unverified|model name|hub date", re.IGNORECASE)
_HUB = re.compile(
    r"(AlexsJones/llmfit@3f44fd3|llmfit 1\.1\.17) \((?:llmfit )?list --json; fields from HF config/safetensors metadata\): *"
)


def source(text: str, date: str) -> list[dict[str, str]]:
    """One source, in short: what was read through a collection names the collection last."""
    short = _HUB.sub(lambda found: f"Hub metadata, {found[1].replace('llmfit ', 'llmfit@')}: ", text)
    short = re.sub(r"(\S+) parameters_raw \(HF safetensors metadata\)", r"\1 safetensors total", short)
    found = {"source": short[:400], "date": date}
    if LOW.search(text) or not LOCATED.search(short):
        found["confidence"] = "low"
    return [found]
