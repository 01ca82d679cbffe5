import sys

import numpy as np
import pytest
from PIL import Image, ImageSequence

from semgan.errors import UserError
from semgan.inference import sample, video
from semgan.inference.model import load
from semgan.inference.sample import Contents, SampleOptions
from tests.inference import stand_ins


@pytest.fixture
def noise_snapshot(tmp_path, monkeypatch):
    monkeypatch.setattr("semgan.algorithms.make", stand_ins.make)
    return stand_ins.write(tmp_path / "s.safetensors", "from_noise")


def greys(count):
    return [np.full((6, 9, 3), 10 + 20 * index, np.uint8) for index in range(count)]


def played(path):
    with Image.open(path) as film:
        frames = [(np.asarray(frame.convert("RGB")), frame.info["duration"]) for frame in ImageSequence.Iterator(film)]
    return [(duration, frame) for frame, duration in frames]  # WebP knows the duration once it has decoded the frame


@pytest.mark.parametrize("suffix", [".gif", ".webp", ".GIF"])
def test_frames_are_kept_in_order_and_played_over_and_over(tmp_path, suffix):
    path = tmp_path / "new" / f"film{suffix}"
    video.write(path, iter(greys(5)))
    frames = played(path)
    assert [duration for duration, _ in frames] == [40] * 5
    for (_, frame), grey in zip(frames, greys(5), strict=True):
        assert np.abs(frame.astype(int) - grey).max() <= 3
    with Image.open(path) as film:
        assert film.info["loop"] == 0
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def test_what_fails_halfway_leaves_nothing(tmp_path):
    def failing():
        yield from greys(2)
        raise UserError("no more")

    path = tmp_path / "film.webp"
    with pytest.raises(UserError, match="no more"):
        video.write(path, failing())
    assert not list(tmp_path.iterdir())


def test_mp4_is_written_whole(tmp_path):
    imageio = pytest.importorskip("imageio.v3")
    pytest.importorskip("imageio_ffmpeg")
    path = tmp_path / "new" / "film.mp4"
    video.write(path, [np.kron(grey, np.ones((8, 5, 1), np.uint8)) for grey in greys(5)])
    frames = imageio.imread(path, plugin="FFMPEG")
    assert frames.shape == (5, 48, 46, 3)  # 45 columns, made even
    assert [abs(frame.mean() - 10 - 20 * index) < 3 for index, frame in enumerate(frames)] == [True] * 5
    assert [file.name for file in path.parent.iterdir()] == ["film.mp4"]


def test_mp4_that_fails_halfway_leaves_nothing(tmp_path):
    pytest.importorskip("imageio_ffmpeg")
    with pytest.raises(RuntimeError, match="no more"):
        video.write(tmp_path / "film.mp4", (greys(1)[0] if index < 2 else fail() for index in range(3)))
    assert not list(tmp_path.iterdir())


def fail():
    raise RuntimeError("no more")


def test_mp4_without_its_extra_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "imageio_ffmpeg", None)
    with pytest.raises(UserError, match=r"pip install 'semgan\[video\]', or choose \.gif or \.webp"):
        sample.sample_video(tmp_path / "no.safetensors", tmp_path / "film.mp4", SampleOptions(4), 1.0)


def test_other_suffix_is_refused_before_anything_is_loaded(tmp_path):
    with pytest.raises(UserError, match=r"\.avi is not a video format"):
        sample.sample_video(tmp_path / "no.safetensors", tmp_path / "film.avi", SampleOptions(4), 1.0)


def test_loop_is_closed_and_moves_evenly(noise_snapshot):
    model = load(noise_snapshot)
    batch = sample.video_batch(model, SampleOptions(2), Contents(None, None), 150)  # six seconds: four legs
    tiles = {name: values.reshape(150, 2) for name, values in batch.items()}
    assert set(tiles["position"][:, 0]) == {0, 1, 2, 3}
    assert set(tiles["position"][:, 1]) == {4, 5, 6, 7}
    assert (tiles["position_to"][-1] == [0, 4]).all()
    assert (tiles["position"][0] == [0, 4]).all()
    assert tiles["mix"][0].tolist() == [0, 0]
    place = tiles["position"][:, 0] + tiles["mix"][:, 0]
    np.testing.assert_allclose(np.diff(place), 4 / 150, atol=1e-5)
    assert place[-1] == pytest.approx(4 - 4 / 150)


def test_video_of_noise_starts_at_the_samples(noise_snapshot, tmp_path, capsys):
    out = tmp_path / "film.gif"
    sample.sample_video(noise_snapshot, out, SampleOptions(4, seed=2), 0.4)
    frames = [frame for _, frame in played(out)]
    assert len(frames) <= 10  # equal frames may be joined
    assert capsys.readouterr().out == f"wrote {out}: 0.4 seconds of 4 pictures from noise\n"
    start = load(noise_snapshot).sample(10, 2)[[0, 3, 6, 9]]  # three legs a tile
    assert np.abs(frames[0][:8, :8].astype(int) - start[0]).max() <= 8  # GIF has few colours
    assert np.abs(frames[0][10:, 10:].astype(int) - start[3]).max() <= 8


def test_contents_stay_while_their_styles_move(plain_snapshot, plain_model, picture, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(sample, "load", lambda _: plain_model)
    content, out = picture("c.png"), tmp_path / "film.webp"
    sample.sample_video(plain_snapshot, out, SampleOptions(1, content=content, domain="dark"), 0.12)
    assert capsys.readouterr().out == f"wrote {out}: 0.12 seconds of 1 translations of 1 pictures\n"
    frames = played(out)
    assert frames[0][1].shape == (16, 16, 3)
    assert len({frame.tobytes() for _, frame in frames}) == 3
