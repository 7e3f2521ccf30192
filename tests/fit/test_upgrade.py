"""What another card adds, and what `plan` proposes, through the command line."""

import json

from llmpick.cli.main import run

NARROW = ["--family", "qwen2.5", "--json", "-n", "2"]


def _answer(arguments, capsys):
    code = run(arguments)
    return code, json.loads(capsys.readouterr().out)


def test_a_second_card_never_takes_a_gain_back(capsys):
    """Each gain names what was and what is; what is new was not there before."""
    code, data = _answer(["fit", "--gpu", "RTX 4090", "--upgrade", "RTX 4090", *NARROW], capsys)
    upgrade = data["upgrade"]
    assert code == 0
    assert upgrade["change"].endswith("added")
    assert upgrade["models"]
    for gain in upgrade["models"]:
        assert (gain["before"] is None) == (gain["gain"] == "new")
        if gain["gain"] == "context":
            assert gain["after"]["max_context"] > gain["before"]["max_context"]


def test_the_same_card_instead_adds_nothing(capsys):
    """A swap for the same card leaves every model as it was."""
    _, data = _answer(["fit", "--gpu", "RTX 4090", "--replace", "RTX 4090", *NARROW], capsys)
    assert data["upgrade"]["models"] == []


def test_adding_and_replacing_at_once_is_a_usage_error(capsys):
    """One question at a time."""
    assert run(["fit", "--gpu", "24GB", "--upgrade", "RTX 4090", "--replace", "RTX 4090"]) == 2


def test_plan_stays_inside_the_budget_and_the_vendor(capsys):
    """What costs more, or has no price, is not proposed."""
    code, data = _answer(["plan", "qwen3-32b", "--budget", "2000", "--vendor", "nvidia", "--json"], capsys)
    assert code == 0
    assert all(option["launch_price_usd"] <= 2000 for option in data["options"])
    assert all(option["gpu"].startswith("nvidia") or "NVIDIA" in option["name"] for option in data["options"])


def test_plan_spreads_huge_models_over_machines(capsys):
    """A model beyond eight 80 GB cards takes machines: tensor parallel inside, a pipeline across."""
    code, data = _answer(["plan", "llama-3.1-405b", "-r", "vllm", "-q", "BF16", "--all", "--json", "-n", "99"], capsys)
    many = [option for option in data["options"] if option["count"] > 8]
    assert code == 0
    assert many
    assert all(option["placement"]["tensor_parallel_size"] == 8 for option in many)
