"""The colours of the parts in each medium, from a style's factors. RGB in [0, 1] as displayed (sRGB)."""

import colorsys

import numpy as np

from semgan.data.drawn_faces.factors import MEDIA, StyleFactors

Color = np.ndarray
Palette = dict[str, Color]


def _rgb(code: str) -> Color:
    return np.array([int(code[place : place + 2], 16) / 255 for place in (0, 2, 4)], np.float32)


def _colors(codes: str) -> tuple[Color, ...]:
    return tuple(map(_rgb, codes.split()))


_SKIN = _colors("ffe3cc f6cfab e8b88c cf9668 a87048 7a4c30")
_HAIR = _colors("2a2528 6e4326 e8bd5c b4b4ba b04a1c")  # in the order of HAIR_COLORS
_INK_HAIR = (0.04, 0.28, 0.62, 0.52, 0.4)  # grey values
_POSTER_HAIR = _colors("1b1440 8a3b12 ffd91a c9cfe6 f0341c")
_POSTER_SKIN = _colors("ff9fc0 ffd0a0 8fe3d0 ffb347 b8a1ff a8dc5a")
_POSTER_GROUND = _colors("e8304f 1769d6 10a884 7b2cc4 ff7a1a 00b3d9 f5c800")
_POSTER_CLOTHES = _colors("14c8b0 ff4f79 2b50e0 f7e12c ff8a00 8e44ff")
_MOSAIC_HAIR = _colors("23212e 74411f f0b63c b4b8be c24a1c")
_MOSAIC_GROUND = _colors("e6ae22 1550a8 0f8a84 a81c34 d8cda8 2c3f86")
_MOSAIC_CLOTHES = _colors("7c1f3a 2a6a4c 274a8c c9772b e5dcc3")
GROUT = _rgb("9a8f80")
"""The colour between the tiles of the mosaic medium."""
_PAPER = _colors("f7f1e1 fbfaf6 efe6d0 e9eef2 f4e6dc")
_INK = _colors("14131a 1c2444 3a2213 12312c")


def palette(style: StyleFactors) -> Palette:
    """A colour for every part."""
    return _BY_MEDIUM[MEDIA[style.medium]](style)


def ink_and_paper(style: StyleFactors) -> tuple[Color, Color]:
    """The two colours of the ink medium."""
    return _pick(_INK, style.accent), _pick(_PAPER, style.background)


def outline(style: StyleFactors) -> Color:
    """The colour of contours in the poster and mosaic media."""
    return _rgb("150f2a") if MEDIA[style.medium] == "poster" else _rgb("2b211f")


def mix(a: Color, b: Color, share: float) -> Color:
    """The colour that is `share` of the way from a to b."""
    return (a + share * (b - a)).astype(np.float32)


def _pick(colors: tuple[Color, ...], value: float) -> Color:
    return colors[min(int(value * len(colors)), len(colors) - 1)]


def _between(colors: tuple[Color, ...], value: float) -> Color:
    """A place on the line through all colours."""
    place = value * (len(colors) - 1)
    index = min(int(place), len(colors) - 2)
    return mix(colors[index], colors[index + 1], place - index)


def _hue(value: float, saturation: float, brightness: float) -> Color:
    return np.array(colorsys.hsv_to_rgb(value, saturation, brightness), np.float32)


def _parts(skin: Color, hair: Color, background: Color, clothes: Color, iris: Color, frames: Color, lips: Color) -> Palette:
    """A palette from its main colours; the rest follows."""
    dark = mix(hair, _rgb("1a1114"), 0.72)
    return {
        "background": background,
        "hair_back": hair * 0.72,
        "neck": skin * 0.9,
        "clothes": clothes,
        "ear": mix(skin, lips, 0.12),
        "face": skin,
        "nose": mix(skin, lips, 0.16),
        "nostrils": mix(skin, _rgb("4a1a1a"), 0.55),
        "lips": lips,
        "mouth": _rgb("45101a"),
        "teeth": _rgb("fffaf0"),
        "eye": _rgb("fcfbf7"),
        "iris": iris,
        "pupil": _rgb("0d0a10"),
        "glint": _rgb("ffffff"),
        "lid": mix(dark, _rgb("140c10"), 0.6),
        "hair": hair,
        "brow": dark,
        "frames": frames,
    }


def _shaded(style: StyleFactors) -> Palette:
    skin = _between(_SKIN, style.skin)
    lips = mix(skin, _rgb("b02a3c"), 0.55)
    background = _hue(style.background, 0.38, 0.82)
    frames = _pick(_colors("2a1c18 5a1d12 1c2a4a 20201f"), style.accent)
    iris = _pick(_colors("5a3416 3c6e9c 4c7a3a 7c5a22"), style.accent)
    return _parts(skin, _HAIR[style.hair_color], background, _hue(style.clothes, 0.55, 0.62), iris, frames, lips)


def _ink(style: StyleFactors) -> Palette:
    """Grey values: tones for the hatching."""

    def grey(value: float) -> Color:
        return np.full(3, value, np.float32)

    skin, hair = grey(1.0 - 0.22 * style.skin), grey(_INK_HAIR[style.hair_color])
    clothes = grey(0.25 + 0.6 * style.clothes)
    parts = _parts(skin, hair, grey(1.0), clothes, grey(0.2), grey(0.0), grey(0.7))
    solid = {"mouth": 0.0, "pupil": 0.0, "lid": 0.0, "brow": 0.0, "nostrils": 0.1, "teeth": 1.0, "eye": 1.0, "glint": 1.0}
    return parts | {"nose": skin, "ear": skin} | {part: grey(value) for part, value in solid.items()}


def _poster(style: StyleFactors) -> Palette:
    skin = _pick(_POSTER_SKIN, style.skin)
    dark = outline(style)
    lips = _pick(_colors("e0113c c2185b d8002f"), style.accent)
    ground, clothes = _pick(_POSTER_GROUND, style.background), _pick(_POSTER_CLOTHES, style.clothes)
    iris = _pick(_colors("0e7fd8 0fa36b 7a35d8 d86a00"), style.accent)
    parts = _parts(skin, _POSTER_HAIR[style.hair_color], ground, clothes, iris, _pick(_colors("150f2a e6002e 0037c8"), style.accent), lips)
    return parts | {"brow": dark, "lid": dark, "nostrils": dark, "mouth": _rgb("3a0024"), "ear": skin, "nose": skin}


def _mosaic(style: StyleFactors) -> Palette:
    skin = _between(_colors("fbe6c4 f2cd9c e0ab72 c07f50 965a38"), style.skin)
    lips = mix(skin, _rgb("a3202c"), 0.65)
    ground, clothes = _pick(_MOSAIC_GROUND, style.background), _pick(_MOSAIC_CLOTHES, style.clothes)
    iris = _pick(_colors("4a2c16 2c5a80 2f6a4a"), style.accent)
    return _parts(skin, _MOSAIC_HAIR[style.hair_color], ground, clothes, iris, _rgb("231a1c"), lips)


_BY_MEDIUM = {"shaded": _shaded, "ink": _ink, "poster": _poster, "mosaic": _mosaic}
