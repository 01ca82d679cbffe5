"""`semgan data build`: prepares a dataset ahead of training."""

import contextlib
import io
import os
from pathlib import Path

from semgan.data.dataset import NAMES, SPLITS, open_dataset
from semgan.errors import UserError
from semgan.paths import cache_dir


def build_dataset(dataset: str, source: str, out: str, image_size: int, count: int) -> str:
    """Prepares a dataset and says in a sentence what it made and how to use it.

    Args:
      dataset: "celeb_a" and "drawn_faces" become datasets that tfds reads, in `out`; "folder" becomes the cache that training
        reads, in `out` as in `$SEMGAN_CACHE`.
      source: the folder of the user's files; not for drawn_faces.
      image_size, count: of folder and drawn_faces; 0 examples: all, or the default number.

    Raises:
      UserError: an unknown dataset, or files that are missing or damaged.
    """
    if dataset == "celeb_a":
        return _build_celeb_a(source, out)
    if dataset == "drawn_faces":
        return _build_drawn_faces(out, image_size, count)
    if dataset == "folder":
        return _build_folder(source, out, image_size, count)
    raise UserError(f"--dataset {dataset}: is unknown; use one of: {', '.join(NAMES)}")


def _build_celeb_a(source: str, out: str) -> str:
    from semgan.data import celeb_a
    from semgan.data.celeb_a_builder import CelebA, tfds

    if not source or not out:
        raise UserError("--source and --out: give the folder of CelebA's official files and the folder to write to")
    folder = Path(source)
    if celeb_a.read_annotations(folder).landmarks is None:
        raise UserError(f"{folder}: the dataset of tfds has landmarks, and these files none: {celeb_a.landmarks_advice(folder)}")
    celeb_a.open_pictures(folder)
    try:
        with contextlib.redirect_stdout(io.StringIO()):  # tfds announces itself there
            tfds.disable_progress_bar()
            builder = CelebA(data_dir=os.fspath(out), file_format="array_record")
            builder.download_and_prepare(download_config=tfds.download.DownloadConfig(manual_dir=os.path.abspath(source)))
    except OSError as error:
        raise UserError(f"{out}: cannot be written ({error.strerror or error}); give another --out") from error
    counts = ", ".join(f"{info.num_examples:,} {split}" for split, info in builder.info.splits.items())
    return f"{builder.data_dir}: CelebA for tfds, {counts}; train from it with --config.data.source={out}"


def _build_drawn_faces(out: str, image_size: int, count: int) -> str:
    from semgan.data.drawn_faces import build_drawn_faces

    return build_drawn_faces(out, image_size, count)


def _build_folder(source: str, out: str, image_size: int, count: int) -> str:
    top = Path(out) if out else cache_dir()
    splits = [
        open_dataset("folder", split=split, image_size=image_size, source=source, count=count, cache=top / "data", least_domains=1)
        for split in SPLITS
    ]
    counts = ", ".join(f"{len(dataset.rows):,} {dataset.split}" for dataset in splits)
    return f"{top}: {counts} pictures of {', '.join(splits[0].domains)} at {image_size} px; train with SEMGAN_CACHE={top}"
