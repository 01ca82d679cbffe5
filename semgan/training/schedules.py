"""Times at which something is done during training, as functions of the images seen."""


def due(position: int, batch_size: int, every_kimg: float) -> bool:
    """Returns whether the step that ended at this position passed a multiple of `every_kimg` thousand images; never for 0."""
    every = round(1000 * every_kimg)
    return every > 0 and position // max(every, 1) > (position - batch_size) // max(every, 1)
