"""`semgan translate --faces`: the faces of photographs, from files to files; the rest of each photograph stays as it is."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from semgan.data.decode import DecodeError, decode_with_alpha, size_of
from semgan.errors import EXIT_USER_ERROR, UserError
from semgan.faces.detect import Detector
from semgan.inference.model import Model
from semgan.inference.style_request import Style
from semgan.inference.translate_faces import ASSUMED, FaceFinder, NoFaceError, check_translates_faces, is_aligned, translate_faces
from semgan.pictures.metadata import metadata_of
from semgan.pictures.scene import View
from semgan.pictures.write import write
from semgan.progress import note, track

_FLAT = View()


def check_faces(model: Model, view: View) -> FaceFinder:
    """Returns what finds faces; UserError for a model or a view that does not go with it, or without the extra `faces`."""
    check_translates_faces(model)
    if view != _FLAT:
        raise UserError("faces are translated at the model's size: leave out --size, --tile, --panorama and --stereo, or --faces")
    if not is_aligned(model):
        note(ASSUMED)
    return Detector()


def translate_face_files(model: Model, jobs: Mapping[Path, Path], out: Path, style: Style, find: FaceFinder, keep_metadata: bool) -> int:
    """Translates the faces of all photographs, and says how many.

    Args:
      jobs: photographs and their results' paths.
      out: what is written to: the folder, or the result of the only photograph.

    Returns:
      the exit status: 2 where photographs of several have no face or cannot be read (listed on stderr), else 0.

    Raises:
      UserError: the only photograph has no face or cannot be read.
    """
    failures: list[UserError] = []
    count = 0
    for content, path in track(jobs.items(), "translating faces", len(jobs)):
        try:
            count += _translate(model, content, path, style, find, keep_metadata)
        except (DecodeError, NoFaceError) as error:
            if len(jobs) == 1:
                raise UserError(str(error)) from error
            failures.append(error)
    print(f"wrote {len(jobs) - len(failures):,} of {len(jobs):,} pictures to {out}: {count:,} faces")
    for error in failures:
        note(f"semgan: left out: {error}")
    return EXIT_USER_ERROR if failures else 0


def _translate(model: Model, content: Path, out: Path, style: Style, find: FaceFinder, keep_metadata: bool) -> int:
    """Writes a photograph whose faces are translated; returns how many there were."""
    decoded = decode_with_alpha(content)
    result = translate_faces(model, decoded.colour, style, find, str(content))
    picture = result.picture if decoded.alpha is None else np.dstack([result.picture, decoded.alpha])
    write(out, picture, **metadata_of(content, *size_of(decoded.colour), _FLAT, keep_metadata)._asdict())
    return len(result.faces)
