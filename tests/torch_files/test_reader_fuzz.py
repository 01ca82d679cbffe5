"""Damaged and hostile files by the thousand: one sentence or sound data, never another exception, never more memory than declared."""

import collections
import io
import random
import tracemalloc
import zipfile

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from semgan.errors import UserError
from semgan.torch_files import reader
from semgan.torch_files.reader import Module, Namespace
from tests.torch_files import old_format
from tests.torch_files.old_format import Name, New, View

MEMORY_FACTOR, MEMORY_BASE = 20, 2**20
"""What reading may take: the file's size so many times over, and so many bytes more."""
ATOMS = (str, bytes, int, float, bool, type(None), Module, Namespace, np.ndarray, set)


def _data():
    base = np.arange(12, dtype=np.float32)
    layer = old_format.persistent("Layer", old_format.module_state({"weight": base}, {"n": np.arange(3, dtype=np.int16)}))
    state = old_format.module_state(modules={"a": layer, "b": None}, _init_args=(), _init_kwargs={"width": 4})
    return {
        "weight": View(base, 1, (2, 3), (1, 2)),
        "bias": base[:4],
        "args": New(Name("argparse", "Namespace"), {"size": 256, "names": ["a", ("b", 0.5)]}),
        "net": New(Name("torch.nn.modules.container", "Sequential"), state),
        "wide": np.ones(2, np.float64),
        3: None,
    }


def _zipped_pickle(body):
    """A zip file whose sums are right, of a pickle that is not: `body` is that of a sound file, damaged."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, contents in {**MEMBERS, "archive/data.pkl": body}.items():
            archive.writestr(name, contents)
    return file.getvalue()


ZIP = old_format.zip_file(_data())
with zipfile.ZipFile(io.BytesIO(ZIP)) as _archive:
    MEMBERS = {name: _archive.read(name) for name in _archive.namelist()}
SOUND = {
    "zip": ZIP,
    "deflated": old_format.zip_file(_data(), compression=zipfile.ZIP_DEFLATED),
    "old": old_format.old_file(_data()),
    "plain": old_format.plain_file(_data()),
    "pickle in a zip": MEMBERS["archive/data.pkl"],
}
"""What is damaged. The last becomes the pickle of a zip file afterwards, so that no sum gives the damage away."""

OPERATIONS = bytes.fromhex(
    "80 95 28 30 31 4e 88 4a 4b 8a 47 55 8c 58 43 8e 29 85 86 87 74 5d 6c 7d 8f 61 65 73 75 90 71 94 68 63 93 52 81 62 51 2e"
)
spots = st.floats(0, 1, exclude_max=True)
pieces = st.one_of(st.binary(max_size=6), st.lists(st.sampled_from(OPERATIONS), max_size=6).map(bytes))
edits = st.one_of(
    st.tuples(st.just("flip"), spots, st.integers(0, 7)),
    st.tuples(st.just("write"), spots, pieces),
    st.tuples(st.just("insert"), spots, pieces),
    st.tuples(st.just("delete"), spots, st.integers(1, 40)),
    st.tuples(st.just("cut"), spots, st.none()),
    st.tuples(st.just("repeat"), spots, st.integers(1, 60)),
    st.tuples(st.just("splice"), spots, st.tuples(st.sampled_from(sorted(SOUND)), spots)),
)


def edited(contents, edit):
    action, spot, how = edit
    at = int(spot * len(contents))
    before, after = contents[:at], contents[at:]
    match action:
        case "flip":
            return before + bytes([after[0] ^ (1 << how)]) + after[1:] if after else contents
        case "write":
            return before + how + after[len(how) :]
        case "insert":
            return before + how + after
        case "delete":
            return before + after[how:]
        case "cut":
            return before
        case "repeat":
            return before + after[:how] * 8 + after[how:]
        case "splice":
            other, place = how
            return before + SOUND[other][int(place * len(SOUND[other])) :]
    raise AssertionError(action)


def assert_sound(value, limit):
    """Of the promised types, and small enough to be walked without care."""
    total, waiting = 0, [(value, 0)]
    while waiting:
        value, depth = waiting.pop()
        assert depth <= 64 + 1  # levels, and the outermost
        assert isinstance(value, (*ATOMS, dict, list, tuple))
        total += 1
        match value:
            case np.ndarray():
                assert value.dtype.kind in "biuf"
                assert value.flags.c_contiguous
                total += value.nbytes
            case Module(class_name, state):
                assert type(class_name) is str
                waiting.append((state, depth + 1))
            case dict():
                assert all(key is None or type(key) in (str, int, bool) for key in value)
                waiting += [(item, depth + 1) for item in value.values()]
            case list() | tuple():
                waiting += [(item, depth + 1) for item in value]
    assert total <= limit


def outcome(contents):
    """The value or the error that reading gives, and the peak of its memory beyond the file itself."""
    tracemalloc.start()
    try:
        return reader.read_bytes(contents, "a.pth"), tracemalloc.get_traced_memory()[1]
    except UserError as error:
        return error, tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def check(kind, contents):
    """Whether the file was read."""
    if kind == "pickle in a zip":
        contents = _zipped_pickle(contents)
    limit = MEMORY_FACTOR * len(contents) + MEMORY_BASE
    value, peak = outcome(contents)
    assert peak < limit
    if isinstance(value, UserError):
        assert str(value).startswith("a.pth ")
        assert len(str(value)) < 400
        return False
    assert_sound(value, limit)
    return True


def fuzz(examples):
    @settings(
        max_examples=examples, deadline=None, database=None, suppress_health_check=list(HealthCheck), phases=(Phase.generate, Phase.shrink)
    )
    @given(st.sampled_from(sorted(SOUND)), st.lists(edits, min_size=1, max_size=4))
    def run(kind, changes):
        contents = SOUND[kind]
        for change in changes:
            contents = edited(contents, change)
        check(kind, contents)

    run()


def drawn_edit(rng):
    """One of `edits`, a good deal faster than Hypothesis draws it."""
    action = rng.choice(("flip", "write", "insert", "delete", "cut", "repeat", "splice"))
    piece = bytes(rng.choice(OPERATIONS) if rng.random() < 0.6 else rng.randrange(256) for _ in range(rng.randrange(7)))
    counts = {"flip": rng.randrange(8), "delete": rng.randrange(1, 41), "repeat": rng.randrange(1, 61), "cut": None}
    splice = (rng.choice(sorted(SOUND)), rng.random())
    return action, rng.random(), counts.get(action, splice if action == "splice" else piece)


def test_the_files_are_sound_before_they_are_damaged():
    for kind, contents in SOUND.items():
        assert len(contents) < 4096
        assert check(kind, contents)


def test_ten_thousand_damaged_files_give_one_sentence_or_sound_data():
    """Most must be refused, and some of every kind must be read: else nothing but the first check was tried."""
    rng = random.Random(0)
    read = collections.Counter()
    for number in range(10_000):
        kind = sorted(SOUND)[number % len(SOUND)]
        contents = SOUND[kind]
        for _ in range(rng.choice((1, 1, 2, 3))):
            contents = edited(contents, drawn_edit(rng))
        read[kind] += check(kind, contents)
    assert all(20 < read[kind] < 1000 for kind in SOUND), read


def test_damaged_files_that_hypothesis_finds():
    fuzz(400)


@pytest.mark.slow
def test_ten_thousand_damaged_files_that_hypothesis_finds():
    fuzz(10_000)


def test_single_bits_of_every_kind_of_pickle():
    """Flipped one by one: a few hundred of the many."""
    for kind in ("old", "plain", "pickle in a zip"):
        for at in range(0, 8 * len(SOUND[kind]), 97):
            check(kind, edited(SOUND[kind], ("flip", (at // 8 + 0.5) / len(SOUND[kind]), at % 8)))
