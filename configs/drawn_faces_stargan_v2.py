"""StarGAN v2 on `drawn_faces` at 128 px, for one GPU: the paper's networks with widths up to 256, bfloat16, larger batches and rates.

python launch.py --config configs/drawn_faces_stargan_v2.py --workdir runs/drawn_faces
"""

from ml_collections import ConfigDict

from configs import common, stargan_v2


def get_config() -> ConfigDict:
    """Four media, 20,000 drawn training faces; sized to show a good transfer within ten minutes of a current GPU."""
    config = stargan_v2.get_config()
    config.image_size = 128
    config.batch_size = 32
    config.precision = "bfloat16"
    config.total_kimg = 300.0
    config.data.train_count = 20_000
    config.data.test_count = 2_000
    config.augment.crop_probability = 0.0  # positions are part of the semantics that are measured
    config.networks.generator.max_channels = 256
    config.networks.style_encoder.max_channels = 256
    config.networks.discriminator.max_channels = 256
    config.losses.diversity_decay_kimg = 300.0
    for name in config.networks:
        config.optimizers[name] = common.optimizer(learning_rate=2e-4, weight_decay=1e-4)
    config.optimizers.mapping_network.learning_rate = 2e-6
    config.evaluate_kimg = 50.0
    return config
