"""SPADE on `drawn_faces` at 64 px: shaded drawings and ink, painted from masks in the style of a reference, for two CPU cores.

    python launch.py --config configs/drawn_faces_spade.py --workdir runs/drawn_faces_spade
    semgan translate --model runs/drawn_faces_spade/snapshot.safetensors --content A.png --mask A_MASK.png --reference B.png --out out.png

What to expect: transfer score 0.99 after 9,000 images, with the content's true mask; docs/algorithms.md has a picture.
"""

from ml_collections import ConfigDict

from configs import common, spade


def get_config() -> ConfigDict:
    """Narrow networks, four times the paper's rates, and an encoder that sees colours, which instance norm would take from it."""
    config = spade.get_config()
    return common.with_changes(
        config,
        common.between_two_media(),
        common.for_all_optimizers(config, final_learning_rate=-1.0, decay_start_kimg=0.0),
        common.rates(generator=4e-4, style_encoder=4e-4, discriminator=16e-4),
        {
            "batch_size": 8,
            "networks.generator": {"mask_classes": 7, "style_dim": 32, "base_channels": 12, "max_channels": 96, "hidden_channels": 24},
            "networks.style_encoder": {"base_channels": 12, "max_channels": 96, "norm": "none"},
            "networks.discriminator": {"base_channels": 16, "max_channels": 64},
        },
    )
