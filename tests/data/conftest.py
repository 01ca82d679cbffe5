"""CelebA's official files, made small."""

import io
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from semgan.data import celeb_a

ROWS = 12
MALE = celeb_a.ATTRIBUTE_NAMES.index("Male")


def picture(row: int) -> bytes:
    """178x218, grey 10 * row, but white above and below the centred square."""
    pixels = np.full((218, 178, 3), 10 * row, np.uint8)
    pixels[:20] = pixels[198:] = 255
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "JPEG", quality=95)
    return file.getvalue()


def write_celeb_a(folder: Path, rows: int = ROWS) -> Path:
    """Even rows are men; rows 8 and 9 are for validation, 10 and 11 for the test; landmarks are (row, 20 + row) and on."""
    folder.mkdir(parents=True, exist_ok=True)
    files = [f"{row + 1:06d}.jpg" for row in range(rows)]
    attributes = -np.ones((rows, 40), int)
    attributes[::2, MALE] = 1
    points = [[value for point in range(5) for value in (row + 10 * point, 20 + row)] for row in range(rows)]

    def table(values) -> str:
        return "".join(f"{file} {'  '.join(map(str, line))}\n" for file, line in zip(files, values, strict=True))

    (folder / celeb_a.ATTRIBUTES).write_text(f"{rows}\n{' '.join(celeb_a.ATTRIBUTE_NAMES)} \n{table(attributes)}")
    (folder / celeb_a.LANDMARKS).write_text(f"{rows}\n{' '.join(celeb_a.LANDMARK_NAMES)}\n{table(points)}")
    (folder / celeb_a.PARTITION).write_text(table([[0 if row < 8 else 1 if row < 10 else 2] for row in range(rows)]))
    (folder / celeb_a.IDENTITY).write_text(table([[2000 + row] for row in range(rows)]))
    with zipfile.ZipFile(folder / celeb_a.ZIP, "w") as archive:
        archive.writestr("img_align_celeba/", "")
        for row, file in enumerate(files):
            archive.writestr(f"img_align_celeba/{file}", picture(row))
    return folder


@pytest.fixture
def celeb_a_folder(tmp_path) -> Path:
    return write_celeb_a(tmp_path / "official")


@pytest.fixture(scope="session")
def celeb_a_prepared(tmp_path_factory) -> Path:
    """The same, as `semgan data build` writes it; do not change it."""
    from semgan.data.build import build_dataset

    folder = tmp_path_factory.mktemp("celeb_a")
    build_dataset("celeb_a", str(write_celeb_a(folder / "official")), str(folder / "out"), 0, 0)
    return folder / "out"
