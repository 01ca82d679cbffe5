"""The grid of upsampling in translations, beside real pictures, as figures."""

import numpy as np

from semgan.evaluation.figures.figure import Figure, resamples_of
from semgan.evaluation.figures.origin import Origin
from semgan.evaluation.scores import grid, pair_bootstrap

_FIXED_GRID = 16
"""The longest period, in pixels, that is looked for where a network has no stride of its own."""


def grid_figures(fake: np.ndarray, real: np.ndarray, stride: int | None, origin: Origin) -> list[Figure]:
    """Computes `grid`, the worst of the parts `grid/PERIOD`: the power at the periods of the network's strides, 1 as in real pictures.

    Nothing for pictures that are too small to tell frequencies apart. Intervals are over both sets.

    Args:
      fake, real: uint8 pictures (n, size, size, 3) and (m, size, size, 3).
      stride: the network's (`Algorithm.stride`), in pixels.
    """
    periods = grid.periods_of(stride or _FIXED_GRID, fake.shape[1])
    if not periods:
        return []
    contrasts = [[grid.line_contrasts(spectra, period) for period in periods] for spectra in map(grid.log_spectra, (fake, real))]
    weights = [pair_bootstrap.pair_weights(len(each), seed=seed) for seed, each in enumerate((fake, real))]
    values = [float(grid.grid_ratio(of_fake.mean(), of_real.mean())) for of_fake, of_real in zip(*contrasts, strict=True)]
    resampled_means = [
        [each @ values / each.sum(1) for each, values in zip(weights, both, strict=True)] for both in zip(*contrasts, strict=True)
    ]
    resampled_values = [grid.grid_ratio(*means) for means in resampled_means]
    passport = origin.passport(len(real), len(fake), periods=", ".join(map(str, periods)))

    def figure(name: str, value: float, resamples: np.ndarray) -> Figure:
        interval = pair_bootstrap.interval_of_resamples(resamples)
        return Figure(name, value, interval, passport, resamples_of("the generated and the real pictures"))

    parts = [figure(f"grid/{period}", value, each) for period, value, each in zip(periods, values, resampled_values, strict=True)]
    return [figure("grid", max(values), np.max(resampled_values, axis=0)), *parts]
