"""`semgan score`: the distance of one folder of pictures from another."""

import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

import semgan
from semgan.errors import UserError
from semgan.evaluation import folder_pictures
from semgan.evaluation.extractors import statistics
from semgan.evaluation.extractors.feature_extractor import JUDGE, FeatureExtractor, default_extractor
from semgan.evaluation.extractors.statistics import Statistics, StatisticsKey
from semgan.evaluation.figures.figure import to_json
from semgan.evaluation.figures.set_figures import SCORES, Sets, figures_of_sets
from semgan.evaluation.report.report_file import write_json
from semgan.evaluation.scores import bootstrap, moments
from semgan.files import check_writable
from semgan.progress import Progress

_JUDGE_NOTE = "the features are a judge's, not Inception's: the distances are not FID or KID and compare with this judge's figures alone"


def score_to_file(real_dir: str | Path, fake_dir: str | Path, out: str | Path, **options: Any) -> dict[str, Any]:
    """Scores the folders (see `score_folders`, which takes the options), writes the result to `out` as JSON, and prints it in short."""
    out = Path(out)
    check_writable(out)
    result = score_folders(real_dir, fake_dir, **options)
    write_json(out, result)
    print(score_text(result))
    print(f"written to {out}")
    return result


def score_folders(
    real_dir: str | Path,
    fake_dir: str | Path,
    *,
    extractor: FeatureExtractor | None = None,
    scores: Sequence[str] = SCORES,
    count: int = 0,
    split: str = "all",
    seed: int | None = None,
    resamples: int = bootstrap.RESAMPLES,
    cache: bool = True,
    cache_folder: Path | None = None,
) -> dict[str, Any]:
    """Scores the pictures of one folder against those of another, both of any layout, as plain JSON-able data.

    Args:
      real_dir, fake_dir: folders with pictures at any depth, or zip files of them. Pictures of several sizes are each brought to the
        network's size by the extractor's own resizing, which a note says.
      extractor: the extractor of the features; None: the judge of `drawn_faces`, whose distances are named `fd_judge` and `kd_judge`, and
        which is trained first where it is absent.
      scores: which of `set_figures.SCORES`.
      count: takes that many pictures of each folder, evenly from first to last; 0: all.
      split: what the real pictures are, for the passports.
      seed: see `figures_of_sets`.
      resamples: how many resamples the bootstrap draws; 0: no intervals.
      cache: the real pictures' statistics are kept for the next time, in `cache_folder` (`cache_dir()/statistics`).

    Returns:
      `figures`: see `figure.to_json`. `notes`: what to mind. `real`, `fake`: `folder` and `count`. `time`: seconds of `decoding` (the
      time that features had to wait for pictures), `features` and `scores`; and `images`, how many pictures were scored.
      `semgan`: version.

    Raises:
      UserError: a folder that is missing, has fewer than two pictures, or damaged ones; an unknown score.
    """
    if unknown := sorted(set(scores) - set(SCORES)):
        raise UserError(f"there is no score {unknown[0]!r}: choose from {', '.join(SCORES)}")
    real, fake = (folder_pictures.open_folder(folder, count) for folder in (real_dir, fake_dir))
    extractor = extractor or default_extractor()
    sizes = folder_pictures.size_notes(real, fake, extractor.identity().get("resize", "as it does"))
    spent = {"decoding": 0.0, "features": 0.0, "scores": 0.0, "images": 0}
    look = partial(_statistics, extractor=extractor, spent=spent)
    look_at_real = partial(look, real, "looking at real pictures")
    key = StatisticsKey(real.fingerprint, split, count, extractor.identity())
    of_real = statistics.load_or_compute(key, look_at_real, features=True, folder=cache_folder) if cache else look_at_real()
    of_fake = look(fake, "looking at generated pictures")
    start = time.perf_counter()
    figures, notes = figures_of_sets(Sets(of_real, of_fake, extractor.identity(), split), scores, seed=seed, resamples=resamples)
    spent["scores"] = time.perf_counter() - start
    return {
        "figures": [to_json(figure) for figure in figures],
        "notes": ([_JUDGE_NOTE] if extractor.protocol == JUDGE else []) + sizes + _small_set_note(of_real, of_fake) + notes,
        "real": {"folder": str(real_dir), "count": of_real.moments.count},
        "fake": {"folder": str(fake_dir), "count": of_fake.moments.count},
        "time": spent,
        "semgan": semgan.__version__,
    }


def score_text(result: dict[str, Any]) -> str:
    """Formats the result of `score_folders` in a few lines for a terminal."""
    real, fake = result["real"], result["fake"]
    lines = [f"{fake['count']:,} pictures of {fake['folder']} against {real['count']:,} of {real['folder']}"]
    for figure in result["figures"]:
        low, high = figure["interval"] or (None, None)
        between = "" if low is None else f"  (95 %: {low:.5g} to {high:.5g})"
        lines.append(f"  {figure['name']:<16}{figure['value']:>10.5g}{between}")
    if result["figures"]:
        passport = result["figures"][0]["passport"]
        lines.append(f"  by {passport['extractor']}, {passport['network']}, {passport['protocol']}: {passport['resize']}")
    return "\n".join(lines + [f"  note: {note}" for note in result["notes"]])


def _statistics(folder: folder_pictures.Folder, label: str, *, extractor: FeatureExtractor, spent: dict[str, float]) -> Statistics:
    """Looks at all pictures; adds the seconds and pictures to `spent`."""
    features, digests = [], []
    wait_start = time.perf_counter()
    with Progress(label, len(folder.paths)) as progress:
        for batch in folder_pictures.batches(folder):
            arrival = time.perf_counter()
            features.append(np.asarray(extractor.features(batch)))
            digests += folder_pictures.pixel_digests(batch)
            progress.advance(len(batch))
            spent["decoding"] += arrival - wait_start
            wait_start = time.perf_counter()
            spent["features"] += wait_start - arrival
    spent["images"] += len(folder.paths)
    all_features = np.concatenate(features)
    to_logits = getattr(extractor, "logits", None)
    logits = None if to_logits is None else np.asarray(to_logits(all_features))
    return Statistics(moments.moments_of(all_features), all_features, logits, folder_pictures.content_digest(digests))


def _small_set_note(real: Statistics, fake: Statistics) -> list[str]:
    count, size = min(real.moments.count, fake.moments.count), len(real.moments.mean)
    if count > size:
        return []
    return [f"{count:,} pictures are fewer than the {size:,} features: the Fréchet distance is far above that of many pictures"]
