"""Which domains a translation goes from and to: told by the user, or else guessed, or else what alone can be meant."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from semgan.errors import UserError

if TYPE_CHECKING:
    from semgan.inference.model import Model

Shown = tuple[str, np.ndarray]
"""A picture's name, for sentences about it, and what it shows: uint8 (size, size, 3), at the model's size."""


def direction(model: "Model", content_domain: str | None, domain: str | None) -> tuple[int, int]:
    """From which domain to which, where there is no guide: what is not given is what alone can be meant."""
    own = None if content_domain is None else model.domain_index(content_domain)
    targets = [number for number in model.targets if number != own] if domain is None else [model.target_index(domain)]
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


def told(model: "Model", domain: str | None, why: str) -> int:
    """The number of a domain that has to be told; `why` begins the sentence that asks for it."""
    if domain is None:
        raise _asked_for(model, why, "domain")
    return model.domain_index(domain)


def shared(model: "Model", references: Sequence[Shown], domain: str | None) -> tuple[int, tuple[tuple[str, str], ...]]:
    """The number of the domain of all references, the one told or else the one that all look like; and the guesses, by their names.

    Raises:
      UserError: there is no such domain, it has to be told, or the references look like different ones.
    """
    if domain is not None:
        return model.domain_index(domain), ()
    guesses = tuple((name, model.domains[guessed(model, image, "domain")]) for name, image in references)
    first, of_first = guesses[0]
    for name, other in guesses:
        if other != of_first:
            raise UserError(
                f"{name} is taken for {other!r}, but {first} for {of_first!r}: give references of one domain, or say which with domain "
                "(--domain)"
            )
    return model.domain_index(of_first), guesses


def guessed(model: "Model", image: np.ndarray, argument: str) -> int:
    """The number of the domain that a picture looks like; `argument` is what tells it where the snapshot cannot."""
    name = model.guess_domain(image)
    if name is None:
        raise _asked_for(model, "this snapshot cannot guess a picture's domain", argument)
    return model.domain_index(name)


def _asked_for(model: "Model", why: str, argument: str) -> UserError:
    return UserError(f"{why}: give {argument} (--{argument.replace('_', '-')}), one of {', '.join(model.domains)}")
