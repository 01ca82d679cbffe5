"""Array types that layers, networks and algorithms share; images of any size and channels are `types.Images`."""

from jaxtyping import Array, Float, Int

FeatureMap = Float[Array, "batch height width channel"]
"""NHWC."""
SquareImages = Float[Array, "batch size size 3"]
"""RGB, NHWC, in [-1, 1], as high as they are wide."""
RGBImages = Float[Array, "batch height width 3"]
"""RGB, NHWC, in [-1, 1]."""
StyleCodes = Float[Array, "batch style"]
"""One style code per image."""
DomainIds = Int[Array, " batch"]
"""One domain per image."""
