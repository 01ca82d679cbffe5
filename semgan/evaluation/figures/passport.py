"""Passports of figures: all that two figures must agree in before one may be called better."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import semgan
from semgan.evaluation.figures.code_digest import generation, semgan_digest


class Passport(NamedTuple):
    """The record of how a figure was measured.

    Attributes:
      extractor: name of the weights.
      network: which network they are of.
      sha256: the SHA-256 of the weights.
      protocol: one word for how pictures are prepared.
      resize: the filter and size, in words.
      real: digest of the real pictures, "" where none are compared with.
      real_count, fake_count: how many pictures.
      split: the real data's split.
      seeds: every seed that was drawn with, by its purpose.
      truncation: the truncation of the generated pictures' styles; None where unknown or unused.
      version: semgan's version.
      code: digest of the sources that compute figures, see `semgan_digest`.
      parameters: the score's parameters, such as its subsets or neighbours.
    """

    extractor: str
    network: str
    sha256: str
    protocol: str
    resize: str
    real: str
    real_count: int
    fake_count: int
    split: str
    seeds: Mapping[str, int]
    truncation: float | None
    version: str
    code: str
    parameters: Mapping[str, Any]

    def with_parameters(self, **parameters: Any) -> "Passport":
        """Returns the passport with these parameters on top of its own."""
        return self._replace(parameters={**self.parameters, **parameters})


def new_passport(
    identity: Mapping[str, str],
    *,
    real: str,
    real_count: int,
    fake_count: int,
    split: str = "all",
    seeds: Mapping[str, int] | None = None,
    truncation: float | None = None,
    parameters: Mapping[str, Any] | None = None,
) -> Passport:
    """Makes a passport with this code's version and digest; `identity` is an extractor's, of which any part may be missing."""
    return Passport(
        extractor=identity.get("extractor", ""),
        network=identity.get("network", ""),
        sha256=identity.get("sha256", ""),
        protocol=identity.get("protocol", ""),
        resize=identity.get("resize", ""),
        real=real,
        real_count=real_count,
        fake_count=fake_count,
        split=split,
        seeds=dict(seeds or {}),
        truncation=truncation,
        version=semgan.__version__,
        code=semgan_digest(),
        parameters=dict(parameters or {}),
    )


def comparable(a: Passport, b: Passport) -> list[str]:
    """Returns the fields in which two passports differ, such as "protocol" or "parameters.neighbours"; none: their figures compare.

    Two digests of code that computes the same figures do not count as a difference, see `code_digest.GENERATIONS`.
    """
    fields_a, fields_b = (fields_of(each) | {"code": generation(each.code)} for each in (a, b))
    return [name for name in fields_a | fields_b if fields_a.get(name, _ABSENT) != fields_b.get(name, _ABSENT)]


_ABSENT = object()


def fields_of(passport: Passport) -> dict[str, Any]:
    """Returns values by field, those of mappings each by its own name, such as `"seeds.pairs"`."""
    fields: dict[str, Any] = {}
    for name, value in passport._asdict().items():
        fields |= {f"{name}.{key}": inner for key, inner in value.items()} if isinstance(value, Mapping) else {name: value}
    return fields
