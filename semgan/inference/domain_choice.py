"""Chooses the domains that a translation goes from and to: those that the user names, otherwise a guess or the only ones possible."""

from collections.abc import Sequence

import numpy as np

from semgan import trained_model
from semgan.errors import UserError
from semgan.names import require
from semgan.trained_model import TrainedModel

NamedImage = tuple[str, np.ndarray]
"""A picture's name, for sentences about it, and its pixels: uint8 (size, size, 3), at the model's size."""


def domain_index(model: TrainedModel, name: str) -> int:
    """Returns the number of a domain; UserError, with the nearest name, when the model has none of that name."""
    return model.domains.index(require(name, model.domains, "domain"))


def target_index(model: TrainedModel, name: str) -> int:
    """Returns the number of a domain that the model translates into; UserError for any other."""
    number = domain_index(model, name)
    if number not in model.targets:
        raise UserError(f"this model does not translate into {name!r}: give {', '.join(model.domains[i] for i in model.targets)}")
    return number


def direction(model: TrainedModel, content_domain: str | None, domain: str | None) -> tuple[int, int]:
    """Returns the domains that a model without a guide translates from and into: what is not given has to be the only one possible."""
    own = None if content_domain is None else domain_index(model, content_domain)
    targets = [number for number in model.targets if number != own] if domain is None else [target_index(model, domain)]
    if len(targets) != 1:
        raise UserError(f"this model translates into {', '.join(model.domains[i] for i in targets)}: give domain (--domain), one of these")
    sources = [number for number in range(len(model.domains)) if number != targets[0]] if own is None else [own]
    if len(sources) != 1:
        raise UserError(
            f"the content may be of {', '.join(model.domains[i] for i in sources)}: give content_domain (--content-domain), one of these"
        )
    if sources == targets:
        raise UserError(f"the content is of {model.domains[targets[0]]!r} already: give another domain (--domain)")
    return sources[0], targets[0]


def required_domain(model: TrainedModel, domain: str | None, why: str) -> int:
    """Returns the number of a domain that the user has to name; `why` begins the sentence that asks for it."""
    if domain is None:
        raise _missing_domain(model, why, "domain")
    return domain_index(model, domain)


def shared_domain(model: TrainedModel, references: Sequence[NamedImage], domain: str | None) -> tuple[int, tuple[tuple[str, str], ...]]:
    """Returns the number of all references' domain, the one named or else the one that all look like, and the guesses by their names.

    Raises:
      UserError: there is no such domain, it has to be named, or the references look like different ones.
    """
    if domain is not None:
        return domain_index(model, domain), ()
    guesses = tuple((name, model.domains[guess(model, image, "domain")]) for name, image in references)
    first, of_first = guesses[0]
    for name, other in guesses:
        if other != of_first:
            raise UserError(
                f"{name} is taken for {other!r}, but {first} for {of_first!r}: give references of one domain, or say which with domain "
                "(--domain)"
            )
    return domain_index(model, of_first), guesses


def guess(model: TrainedModel, image: np.ndarray, argument: str) -> int:
    """Returns the number of the domain that a picture looks like; `argument` is what names it where the snapshot cannot tell."""
    numbers = trained_model.guess_domain(model, image[None])
    if numbers is None:
        what = "a checkpoint, unlike a run's snapshots," if model.is_unfitted else "this snapshot"
        raise _missing_domain(model, f"{what} cannot guess a picture's domain", argument)
    return int(numbers[0])


def _missing_domain(model: TrainedModel, why: str, argument: str) -> UserError:
    return UserError(f"{why}: give {argument} (--{argument.replace('_', '-')}), one of {', '.join(model.domains)}")
