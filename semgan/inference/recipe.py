"""Styles by attributes, without a reference: "Blond_Hair,~Smiling" is fair hair and no smile, in a style that is otherwise the mean.

Ridge regression, domain by domain, of the style encoder's codes on the attributes of training pictures. A snapshot carries it as the
pseudo-network `style_recipe`, which holds `kernel`, `mean` and `covariance` of a `Recipe`, and the attributes' names in
`meta["recipe_attributes"]`. Attributes that a model keeps from its contents do not belong to its style.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from semgan.data.augment import to_float
from semgan.data.dataset import Dataset
from semgan.data.pieces import in_pieces
from semgan.errors import UserError
from semgan.names import require
from semgan.snapshot import STYLE_RECIPE
from semgan.trained_model import TrainedModel

ATTRIBUTES = "recipe_attributes"
"""The key of a snapshot's meta that holds the attributes' names."""
_NOT = "~"
_RIDGE = 1e-3
"""Ridge on attributes in {0, 1}: one that few pictures have, or few lack, moves the style less than plain least squares would."""
_BATCH = 64


class Recipe(NamedTuple):
    """The linear model of style codes given attributes.

    Attributes:
      attributes: names.
      kernel: float32 (domains, attributes + 1, style); the last row of a domain is its bias.
      mean: float32 (domains, attributes), shares in [0, 1] of the pictures that have each; nothing was learned about those at 0 and 1.
      covariance: float32 (domains, attributes, attributes), of the attributes among a domain's pictures.
    """

    attributes: tuple[str, ...]
    kernel: np.ndarray
    mean: np.ndarray
    covariance: np.ndarray

    def arrays(self) -> dict[str, np.ndarray]:
        """The recipe as the pseudo-network of a snapshot."""
        return {name: value for name, value in self._asdict().items() if name != "attributes"}


def fit(codes: np.ndarray, attributes: np.ndarray, domain: np.ndarray, count: int, ridge: float = _RIDGE) -> tuple[np.ndarray, ...]:
    """Fits the regression of each domain by itself.

    Args:
      codes: (n, s).
      attributes: in {0, 1}, (n, a).
      domain: integers in [0, count), (n,), each of them at least once.
      count: of domains.
      ridge: is added to the attributes' variances, which are 1/4 at most.

    Returns:
      `Recipe.kernel`, `Recipe.mean` and `Recipe.covariance`.
    """
    kernels, means, covariances = [], [], []
    for number in range(count):
        x, y = (values[domain == number].astype(np.float64) for values in (attributes, codes))
        x_mean, y_mean = x.mean(0), y.mean(0)
        covariance = (x - x_mean).T @ (x - x_mean) / len(x)
        slopes = np.linalg.solve(covariance + ridge * np.eye(x.shape[1]), (x - x_mean).T @ (y - y_mean) / len(x))
        kernels.append(np.vstack([slopes, y_mean - x_mean @ slopes]))
        means.append(x_mean)
        covariances.append(covariance)
    return tuple(np.stack(values).astype(np.float32) for values in (kernels, means, covariances))


def fit_for(
    encode: Callable[[np.ndarray, np.ndarray], ArrayLike], dataset: Dataset, left_out: Sequence[str] = (), count: int = 1024, seed: int = 0
) -> Recipe | None:
    """Fits the recipe to a dataset; None where its pictures have no attributes but those `left_out`.

    Args:
      encode: float32 images in [-1, 1] (64, size, size, 3) and domains int32 (64,) to codes (64, s); always called with one batch size.
      left_out: names of attributes.
      count: pictures used, drawn by `seed`, as many of each domain where it has them.
    """
    names = dataset.names.get("attributes", ())
    columns = [column for column, name in enumerate(names) if name not in left_out]
    if "attributes" not in dataset.annotations or not columns:
        return None
    places = _of_each_domain(dataset.domain, len(dataset.domains), count, seed)
    codes = [
        np.asarray(encode(to_float(dataset.images[piece["row"]]), piece["domain"]))[:count_in_piece]
        for piece, count_in_piece in in_pieces({"row": dataset.rows[places], "domain": dataset.domain[places]}, _BATCH)
    ]
    attributes = dataset.annotations["attributes"][dataset.rows[places]][:, columns]
    fitted = fit(np.concatenate(codes), attributes, dataset.domain[places], len(dataset.domains))
    return Recipe(tuple(names[column] for column in columns), *fitted)


def _of_each_domain(domain: np.ndarray, domains: int, count: int, seed: int) -> np.ndarray:
    """Places (n,), n at most `count` or the number of domains, of which no domain has more than its share."""
    order = np.random.default_rng(seed).permutation(len(domain))
    share = max(count // domains, 1)
    return np.concatenate([order[domain[order] == number][:share] for number in range(domains)])


def kept_of_content(config: Mapping[str, Any]) -> tuple[str, ...]:
    """The attributes that a model of this config keeps as the content has them, and no style can change."""
    losses = config.get("losses", {})
    return tuple(losses["content_attributes"]) if losses.get("content", {}).get("attributes", 0) > 0 else ()


def recipe_of(model: TrainedModel) -> Recipe | None:
    """Reads the recipe that a model's snapshot holds; None where it has none. ValueError or KeyError where its parts do not fit."""
    arrays, meta = model.params.get(STYLE_RECIPE), model.meta
    if arrays is None:
        return None
    names, kernel, mean, covariance = tuple(meta[ATTRIBUTES]), arrays["kernel"], arrays["mean"], arrays["covariance"]
    shape = (len(meta["domains"]), len(names))
    if kernel.shape[:2] != (shape[0], shape[1] + 1) or mean.shape != shape or covariance.shape != (*shape, shape[1]):
        shapes = f"{kernel.shape}, {mean.shape} and {covariance.shape}"
        raise ValueError(f"{STYLE_RECIPE} has the shapes {shapes} for (domains, attributes) {shape}")
    return Recipe(names, kernel, mean, covariance)


def parse(text: str, domains: Sequence[str]) -> tuple[str | None, dict[str, bool]]:
    """Parses a recipe: its domain, where it names one, and for each attribute whether it is wanted or (`~`) not.

    Raises:
      UserError: an empty recipe, two domains, or an attribute that is both wanted and not.
    """
    items = [item.strip() for item in text.split(",")]
    names = [item for item in items if item in domains]
    if not all(item.removeprefix(_NOT).strip() for item in items):
        raise UserError(f"the style {text!r} has an empty part: give attributes, such as 'Blond_Hair,~Smiling', and a domain if you like")
    if len(set(names)) > 1:
        raise UserError(f"the style {text!r} names the domains {names[0]!r} and {names[1]!r}: name one")
    attributes: dict[str, bool] = {}
    for item in (item for item in items if item not in domains):
        name = item.removeprefix(_NOT).strip()
        if attributes.setdefault(name, item[0] != _NOT) != (item[0] != _NOT):
            raise UserError(f"the style {text!r} has {name} and {_NOT}{name}: name one")
    return (names[0] if names else None), attributes


def code_of(
    recipe: Recipe, attributes: Mapping[str, bool], domain: int, domains: Sequence[str], content_attributes: Sequence[str] = ()
) -> np.ndarray:
    """The style code, float32 (style,), of a picture that has what is wanted, with the other attributes as they usually go with it.

    The others are at their conditional means, as if all were jointly normal: fair hair is not grey as well.

    Args:
      attributes: whether each is wanted or not, by name.
      content_attributes: names of the attributes that the model keeps from the content.

    Raises:
      UserError: an attribute that is the content's, that does not exist, or that no training picture of the domain showed.
    """
    columns = []
    for name, value in attributes.items():
        if name in content_attributes:
            raise UserError(f"{name} belongs to the content of this model, which keeps it in every style: leave it out of the style")
        if name not in recipe.attributes:
            require(name, [*(other for other in domains if other != name), *recipe.attributes], "domain or attribute")
        column = recipe.attributes.index(name)
        if recipe.mean[domain, column] == (not value):
            which = f"with{'out' * (not value)} {name}"
            raise UserError(f"this model has learned from no picture of {domains[domain]!r} {which}: leave it out of the style")
        columns.append(column)
    values, covariance = recipe.mean[domain], recipe.covariance[domain]
    steps = np.array([*attributes.values()], np.float32) - values[columns]
    within = covariance[np.ix_(columns, columns)] + _RIDGE * np.eye(len(columns), dtype=np.float32)
    values = values + covariance[:, columns] @ np.linalg.solve(within, steps) if columns else values
    return values @ recipe.kernel[domain, :-1] + recipe.kernel[domain, -1]
