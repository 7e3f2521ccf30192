"""Which mapping a config gets, and what is said of a model that is no decoder or that nobody knows."""

import json
from pathlib import Path

import pytest

from llmpick.catalog import Catalog
from llmpick.errors import UnsupportedArchitecture
from llmpick.readers.hf_config import architecture_from_config
from llmpick.readers.model_types import OUT_OF_SCOPE, model_type_of

OTHERS = {
    "text encoder": "bert camembert data2vec-text electra ernie megatron-bert rembert roberta roformer xlm-roberta xmod",
    "embedding model": "dpr gte",
    "an encoder-decoder": "bart bigbird_pegasus blenderbot marian mbart mt5 pegasus plbart prophetnet t5 t5gemma t5gemma2 umt5",
    "image encoder-decoder": "florence2 pix2struct pp_formulanet trocr udop vision-encoder-decoder",
    "speech recogniser": "whisper moonshine parakeet_ctc",
    "generator of speech": "bark musicgen vits",
    "audio encoder": "encodec hubert wav2vec2",
    "vision model": "detr resnet sam vit",
    "matcher": "clip siglip",
    "part of a larger model": "clip_vision_model siglip_vision_model",
    "policy": "pi0",
    "proteins": "esm",
    "time series": "timesfm",
}


@pytest.mark.parametrize(("what", "types"), OTHERS.items())
def test_a_model_that_is_no_decoder_is_refused_as_what_it_is(what: str, types: str, catalog: Catalog) -> None:
    """The refusal names the type, what it is and what is counted."""
    for model_type in types.split():
        with pytest.raises(UnsupportedArchitecture) as caught:
            architecture_from_config({"model_type": model_type, "hidden_size": 8}, catalog.specs)
        assert f"'{model_type}'" in caught.value.message
        assert what in caught.value.message
        assert "counts decoders that generate text" in caught.value.message
        assert caught.value.hint


def test_each_listed_type_stands_once_and_has_no_mapping(catalog: Catalog) -> None:
    """The list of other kinds and the mappings do not contradict each other."""
    listed = [name for kind in catalog.specs[OUT_OF_SCOPE]["kinds"] for name in kind["types"]]
    aliases = {alias for spec in catalog.specs.values() for alias in spec.get("aliases", ())}
    assert len(listed) == len(set(listed))
    assert not set(listed) & (set(catalog.specs) | aliases)


def test_a_stated_shape_goes_before_what_the_type_is(catalog: Catalog) -> None:
    """Whoever says --assume knows better."""
    assert model_type_of({"model_type": "bert"}, catalog.specs, "llama") == "llama"


@pytest.mark.parametrize(
    ("model_type", "near"), [("qwen3_super", "--assume qwen3"), ("lama", "--assume llama"), ("zzz", "--assume llama")]
)
def test_an_unknown_type_names_near_ones(model_type: str, near: str, catalog: Catalog) -> None:
    """A short list of what it may be, not all that is known."""
    with pytest.raises(UnsupportedArchitecture, match="is not known") as caught:
        model_type_of({"model_type": model_type}, catalog.specs)
    assert near in caught.value.hint
    assert len(caught.value.hint) < 160


def test_params_says_what_a_config_is_and_ends_with_three(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One sentence on stderr, exit code 3."""
    from llmpick.cli.main import run

    path = tmp_path / "config.json"
    path.write_text(json.dumps({"model_type": "whisper", "d_model": 384}))
    assert run(["params", str(path)]) == 3
    out, err = capsys.readouterr()
    assert not out
    assert "'whisper' is a speech recogniser" in err
