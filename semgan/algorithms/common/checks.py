"""Checks of config values that several algorithms share."""

from ml_collections import ConfigDict

from semgan.errors import UserError


def check_image_size(config: ConfigDict, least: int) -> None:
    """Raises a UserError unless `config.image_size` is a power of two from `least` up, as networks built of halvings need."""
    size = config.image_size
    if size < least or size & (size - 1):
        raise UserError(f"config.image_size is {size}, but {config.algorithm} needs a power of two from {least} up: set one, such as 64.")


def check_domains(config: ConfigDict) -> None:
    """Raises a UserError unless there are two domains at least, as translation needs."""
    if (count := len(config.data.domains)) < 2:
        raise UserError(
            f"config.data.domains names {count} domain(s), but {config.algorithm} translates between domains: name two or more."
        )


def check_supersampling(losses: ConfigDict) -> None:
    """Raises a UserError unless the augmentation can be supersampled so."""
    if losses.augment_supersampling not in (1, 2):
        raise UserError(f"config.losses.augment_supersampling is {losses.augment_supersampling}: set 2, or 1 for none.")
