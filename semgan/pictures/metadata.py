"""What a picture's file says beside its pixels. Results keep none of it unless asked: a photograph may say where and when it was taken."""

from pathlib import Path

from PIL import Image

from semgan.data.decode import FORMATS

_ORIENTATION = 0x0112


def exif_of(path: Path) -> bytes:
    """The EXIF of a picture, places and times included, without its orientation, which is applied to results; empty where there is none."""
    try:
        with Image.open(path, formats=FORMATS) as image:
            exif = image.getexif()
            exif.pop(_ORIENTATION, None)
            return exif.tobytes() if len(exif) else b""
    except Exception:  # whatever Pillow raises on damaged bytes
        return b""
