"""The check of the picture size that networks built of halvings share."""

from ml_collections import ConfigDict

from semgan.errors import UserError


def check_image_size(config: ConfigDict, least: int) -> None:
    """UserError unless `config.image_size` is a power of two from `least` up."""
    size = config.image_size
    if size < least or size & (size - 1):
        raise UserError(f"config.image_size is {size}, but {config.algorithm} needs a power of two from {least} up: set one, such as 64.")
