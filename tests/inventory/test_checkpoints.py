"""What a checkpoint stores besides the running model, itemised: model by model, to the element."""

import json

import pytest

from llmpick.catalog import Catalog
from llmpick.catalog.subject import subject_of_model
from llmpick.cli.main import run
from llmpick.inventory.checkpoint import checkpoint_items, possible_items

# (model, parameters of the running model, elements in the checkpoint): transformers on the meta device, and the sum of
# the safetensors headers as the hub shows it.
STORED = [
    ("alpaca-7b", 6_738_423_808, 6_738_425_856),
    ("chatglm2-6b", 6_243_584_000, 6_243_584_032),
    ("chinese-alpaca-33b", 32_767_947_264, 32_767_951_104),
    ("deepseek-r1", 671_026_404_352, 684_489_845_504),
    ("deepseek-v3.2", 671_877_929_216, 685_355_329_792),
    ("falcon-40b", 41_303_293_952, 41_835_970_560),
    ("falcon-7b", 6_921_720_704, 7_217_189_760),
    ("gemma-4-26b-a4b", 25_805_933_872, 26_544_131_376),
    ("gemma-4-e4b", 7_941_100_832, 7_996_156_490),
    ("glm-4.6", 352_797_814_784, 356_785_898_816),
    ("glm-5", 743_911_199_232, 753_910_024_032),
    ("glm-5.2", 743_377_000_704, 753_375_793_584),
    ("gpt-2-medium", 354_823_168, 379_988_992),
    ("gpt-neo-1.3b", 1_315_575_808, 1_365_907_456),
    ("gpt-neo-125m", 125_198_592, 150_364_416),
    ("gpt-oss-120b", 116_829_156_672, 120_412_337_472),
    ("kimi-k2", 1_026_408_209_408, 1_026_408_235_864),
    ("llama-2-70b", 68_976_648_192, 68_976_653_312),
    ("llama-2-7b", 6_738_415_616, 6_738_417_664),
    ("llama-30b", 32_528_943_616, 32_528_947_456),
    ("llama-65b", 65_285_660_672, 65_285_665_792),
    ("minimax-m2.5", 228_689_748_992, 228_703_644_928),
    ("minimax-m3", 427_040_132_864, 427_040_140_160),
    ("opt-350m", 331_196_416, 331_192_832),
    ("pythia-160m", 162_322_944, 212_654_688),
    ("pythia-6.9b", 6_857_302_016, 6_991_520_256),
    ("pythia-70m", 70_426_624, 70_426_672),
    ("qwen3-0.6b", 596_049_920, 751_632_384),
    ("qwen3-1.7b", 1_720_574_976, 2_031_739_904),
    ("qwen3.5-122b-a10b", 122_562_817_776, 125_086_497_008),
    ("qwen3.5-27b", 27_356_728_560, 27_781_427_952),
    ("qwen3.5-4b", 4_539_265_536, 4_659_865_088),
    ("kimi-linear-48b-a3b", 49_122_675_072, 49_122_681_728),
    ("nemotron-3-ultra-550b-a55b", 549_308_968_960, 560_524_578_816),
    ("deepseek-v4-flash", 284_332_230_231, 292_021_347_282),
    ("deepseek-v4-pro", 1_572_997_179_491, 1_600_790_440_862),
    ("mimo-v2-flash", 308_778_768_832, 309_785_318_400),
]  # fmt: skip


@pytest.mark.parametrize(("model", "parameters", "stored"), STORED, ids=[row[0] for row in STORED])
def test_the_items_add_up_to_the_checkpoint(
    model: str, parameters: int, stored: int, capsys: pytest.CaptureFixture[str]
) -> None:
    """`params --json` leads from the parameters to the checkpoint's elements, item by item."""
    assert run(["params", model, "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    found = document["checkpoint"]
    assert document["parameters"]["total"] == parameters
    assert (found["parameters"], found["difference"]) == (stored, stored - parameters)
    assert found["unexplained"] == 0
    assert sum(item["elements"] for item in found["items"]) == stored - parameters
    assert all(item["elements"] and item["why"] for item in found["items"])


def test_every_checkpoint_counted_is_explained(catalog: Catalog) -> None:
    """All models of the catalog with a checkpoint total."""
    left = set()
    for model_id in catalog.facts:
        subject = subject_of_model(model_id, catalog)
        stored = subject.checkpoint_parameters
        noted = subject.record is not None and subject.record.checkpoint_note
        if stored is not None and not noted:
            explained = subject.parameters.total + sum(item.elements for item in subject.checkpoint)
            left |= {model_id} if explained != stored else set()
    assert left == set()


def test_a_prediction_block_of_deepseek_v3_by_hand(catalog: Catalog) -> None:
    """The block of the technical report: a sparse layer, a projection 2h x h, three norms (arXiv:2412.19437, 2.2)."""
    hidden, heads, experts = 7168, 128, 256
    attention = (
        hidden * 1536 + 1536 + 1536 * heads * 192 + hidden * 576 + 512 + 512 * heads * 256 + heads * 128 * hidden
    )
    sparse = 3 * (experts + 1) * hidden * 2048 + experts * hidden
    expected = attention + sparse + 2 * hidden + 2 * hidden * hidden + 3 * hidden
    items = {
        item.name: item.elements for item in checkpoint_items(subject_of_model("deepseek-v3", catalog).architecture)
    }
    assert items == {"mtp": expected, "e_score_correction_bias": 59 * experts}


def test_a_choice_that_was_not_made_is_not_there(catalog: Catalog) -> None:
    """The base model's checkpoint leaves out the tied head that another upload of the shape stores."""
    architecture = subject_of_model("qwen3-0.6b", catalog).architecture
    assert "lm_head.weight" in possible_items(architecture)
    assert checkpoint_items(architecture) == ()
    assert [item.elements for item in checkpoint_items(architecture, ["lm_head.weight"])] == [151_936 * 1024]
