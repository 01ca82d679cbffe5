"""The named subsets of a semgan model's parameters that an adaptation can change.

Without JAX, so that `semgan adapt --help` is there at once.
"""

SUBSETS = {
    "style": "the new domain's entries of the style encoder and the mapping network, and the generator's layers that turn a style code "
    "into scales and biases",
    "decoder": "those, and all of the generator but its encoder",
    "all": "the whole generator, style encoder and mapping network",
}
"""The contents of each subset, the smallest first."""
_ENCODER = ("from_rgb", "encode")


def holds(subset: str, path: str, of_domains: bool) -> bool:
    """Returns whether the subset holds a parameter.

    Args:
      path: with slashes, from the network's name on.
      of_domains: it has one entry per domain, of which all subsets but "all" change the new domain's alone.
    """
    network, *inner = path.split("/")
    if network != "generator":
        return network in ("style_encoder", "mapping_network") and (of_domains or subset == "all")
    if subset == "all" or inner[-2] == "style":
        return True
    return subset == "decoder" and not inner[0].startswith(_ENCODER)
