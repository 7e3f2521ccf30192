"""What `memory` says of a model whose layers attend to an image."""

import json

import pytest

from llmpick.cli.main import run

ASKED = ["memory", "llama-3.2-11b-vision-instruct", "--runtime", "transformers"]


def test_the_image_in_the_cache_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    """Four tiles of 40 × 40 patches and a class state each."""
    assert run(ASKED) == 0
    assert "8 layers attend to an image: they hold 6,404 states" in capsys.readouterr().out


def test_the_cache_is_text_and_one_image(capsys: pytest.CaptureFixture[str]) -> None:
    """32 layers grow with the context, 8 hold the image; K and V of 8 heads of 128 in 16 bit."""
    assert run([*ASKED, "--context", "1000", "--json"]) == 0
    row = 2 * 8 * 128 * 2
    assert json.loads(capsys.readouterr().out)["memory"]["kv_cache"] == row * (32 * 1000 + 8 * 6404)
