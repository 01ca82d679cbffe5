"""The type of the features that every score of two sets of pictures is computed from."""

import numpy as np
from jaxtyping import Float

FeatureVectors = Float[np.ndarray, "_ feature"]
"""One row per picture."""
