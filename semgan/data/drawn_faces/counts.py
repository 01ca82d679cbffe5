"""The number of faces to draw for a number of pictures of the requested domains."""

import functools

import numpy as np

from semgan.data.domains import DOMAIN, check_expressions, matches
from semgan.data.drawn_faces.factors import ATTRIBUTE_NAMES, MEDIA, attributes, draw_factors
from semgan.data.drawn_faces.source import COUNTS

_NAMES = {DOMAIN: MEDIA, "attributes": ATTRIBUTE_NAMES}
_CHUNK = 256
"""Faces that are looked at together: a tenth of a second's work."""


@functools.lru_cache(maxsize=16)
def pictures_to_draw(split: str, count: int, domains: tuple[str, ...], paired: bool = False) -> int:
    """The least number of a split's first pictures that has `count` in the domains, none of them drawn.

    It is at most the default, 20,000 for training and 2,000 for testing, or `count` where that is more: a domain that is rare has fewer.

    Args:
      count: 0: all, which is 0 here too.
      domains: expressions (`semgan.data.domains`); none: every picture is in a domain.
      paired: pictures come as `paired_faces_source` has them, every face in each medium.

    Raises:
      UserError: an unknown name in an expression.
    """
    most = max(COUNTS[split], count)
    if not count or not domains or count == most:
        return count
    check_expressions(domains, _NAMES)
    start = total = 0
    while start < most:
        members = _members(split, range(start, start + _CHUNK), domains, paired)
        places = np.flatnonzero(members)
        if total + len(places) >= count:
            return min(most, _whole(start * _pictures(paired) + int(places[count - total - 1]) + 1, paired))
        total, start = total + len(places), start + _CHUNK
    return most


def _pictures(paired: bool) -> int:
    """Pictures per face."""
    return len(MEDIA) if paired else 1


def _whole(pictures: int, paired: bool) -> int:
    """The number of pictures, rounded up to whole faces."""
    return -(-pictures // _pictures(paired)) * _pictures(paired)


def _members(split: str, indices: range, domains: tuple[str, ...], paired: bool) -> np.ndarray:
    """Returns whether each picture of these faces is in a domain, in order."""
    factors = [draw_factors(0, split, index) for index in indices]
    media = [medium for _, style in factors for medium in (range(len(MEDIA)) if paired else (style.medium,))]
    rows = np.repeat([attributes(*each) for each in factors], _pictures(paired), axis=0)
    annotations = {DOMAIN: np.array(media), "attributes": rows}
    return np.any([matches(expression, annotations, _NAMES, len(media)) for expression in domains], axis=0)
