"""Panoramas that show a part of the sphere, filled up to the whole for translation and cut back after it.

What is missing is filled by reflection, so that it has the colours and textures of what is there; nothing of it gets into the result.
"""

import numpy as np

from semgan.pictures.gpano import Area


def fill_sphere(picture: np.ndarray, area: Area) -> np.ndarray:
    """Reflects a picture about its edges until it covers the sphere.

    Args:
      picture: uint8 (area.height, area.width, 3).
      area: of `gpano.area_of`.

    Returns:
      uint8 (area.full_height, area.full_width, 3); the picture itself where it is whole.
    """
    if area.is_whole:
        return picture
    below, right = area.full_height - area.top - area.height, area.full_width - area.left - area.width
    return np.pad(picture, ((area.top, below), (area.left, right), (0, 0)), "symmetric")


def cut_area(panorama: np.ndarray, area: Area) -> np.ndarray:
    """Cuts the part that a picture shows out of the panorama: the inverse of `fill_sphere`."""
    return panorama[area.top : area.top + area.height, area.left : area.left + area.width]
