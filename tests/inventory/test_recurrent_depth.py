"""Layers that a token passes more than once."""

from dataclasses import replace

from llmpick.architecture.attention import Attention
from llmpick.architecture.decoder import Architecture, Embeddings, Layer, Norm
from llmpick.inventory.caches import cache_layers, kv_elements_per_token
from llmpick.inventory.decoder import inventory


def model(passes: int) -> Architecture:
    attention = Attention(num_attention_heads=4, num_key_value_heads=2, head_dim=8, value_head_dim=8, passes=passes)
    tables = Embeddings(vocab_size=10, embedding_size=32, tied=True, output_rows=10)
    return Architecture(
        model_type="looped",
        hidden_size=32,
        num_hidden_layers=3,
        max_position_embeddings=None,
        embeddings=tables,
        layers=(Layer(indices=(0, 1, 2), parts=(attention,)),),
        norm=Norm(),
    )


def test_each_pass_has_a_cache_and_all_share_the_weights() -> None:
    """The cache grows with the passes; the parameters do not."""
    once, often = model(1), model(5)
    per_token = [kv_elements_per_token(cache_layers(architecture)) for architecture in (once, often)]
    assert per_token == [3 * 2 * 16, 5 * 3 * 2 * 16]
    assert inventory(once) == inventory(often)


def test_keys_and_values_made_anew_take_no_cache() -> None:
    """As in the transformer over patches of a byte model."""
    kept = model(1)
    anew = replace(
        kept, layers=(replace(kept.layers[0], parts=(replace(kept.layers[0].parts[0], keeps_cache=False),)),)
    )
    assert cache_layers(anew) == ()
    assert inventory(kept) == inventory(anew)
