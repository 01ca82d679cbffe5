"""FastCUT: CUT's faster variant (arXiv 2007.15651, section 4); the base of the experiments that use it, not one to run by itself."""

from ml_collections import ConfigDict

from configs import cut


def get_config() -> ConfigDict:
    """A larger contrastive weight, no identity term, flip equivariance, and half as many epochs: 150 at the full rate, then 50."""
    config = cut.get_config()
    config.total_kimg = 266.8
    config.losses.nce_weight = 10.0
    config.losses.nce_identity = False
    config.losses.flip_equivariance = True
    for name in config.optimizers:
        config.optimizers[name].decay_start_kimg = 0.75 * config.total_kimg
    return config
