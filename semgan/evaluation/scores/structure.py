"""The structure distance: how far two pictures differ in which of their places resemble one another.

Tumanyan et al. 2022, arXiv 2201.00424, section 3.1.
The published one is over the keys of DINO's last layer; it can be taken over any feature maps, and figures over different ones do not
compare.
"""

import numpy as np
from jaxtyping import Float

Maps = Float[np.ndarray, "image place feature"]
_EPSILON = 1e-8


def self_similarity(maps: Maps) -> Float[np.ndarray, "image place place"]:
    """Cosines between the features of all places of one picture, in float64."""
    maps = maps.astype(np.float64)
    lengths = np.linalg.norm(maps, axis=-1)
    products = np.einsum("iaf,ibf->iab", maps, maps, optimize=True)
    return products / np.maximum(lengths[:, :, None] * lengths[:, None, :], _EPSILON)


def structure_distances(a: Maps, b: Maps) -> Float[np.ndarray, " image"]:
    """Returns for each pair of pictures the mean squared difference of their self-similarities, in [0, 4]; places must correspond."""
    if a.shape[:2] != b.shape[:2]:
        raise ValueError(f"feature maps {a.shape} and {b.shape} have other pictures or places: bring both pictures to one size first")
    return np.array([np.mean((self_similarity(x[None]) - self_similarity(y[None])) ** 2) for x, y in zip(a, b, strict=True)])
