import numpy as np
import pytest
from PIL import Image

from semgan import trained_model
from semgan.errors import UserError
from semgan.faces.detect import Face
from semgan.faces.geometry import celeba_square, square_of
from semgan.inference import style_request, translate, translate_face_files
from semgan.inference.model import Model, load
from semgan.inference.style_request import Request
from semgan.inference.translate import FileOptions, translate_files
from semgan.inference.translate_faces import NoFaceError, check_translates_faces, is_aligned, target_of, translate_faces
from semgan.pictures.read import read
from semgan.pictures.scene import View
from semgan.snapshot import read_snapshot, write_snapshot
from tests.inference import stand_ins, tiny_semgan
from tests.inference.noise import noise

FACE = np.array([[80.0, 100], [120, 100], [100, 120], [85, 145], [115, 145]])
MEAN = [[0.3, 0.4], [0.7, 0.4], [0.5, 0.6], [0.35, 0.8], [0.65, 0.8]]


@pytest.fixture
def one_way(tmp_path, monkeypatch):
    monkeypatch.setattr(trained_model.algorithms, "make", stand_ins.make)
    return load(stand_ins.write(tmp_path / "one_way.safetensors", "one_way"))


def photograph():
    y, x = np.mgrid[:300, :400] / 60
    return np.rint(np.stack([110 + 40 * np.sin(x + c) * np.cos(y) for c in range(3)], -1)).astype(np.uint8)


def prepare(model):
    return style_request.prepare(model.trained_model, Request(domain="b", content_domain="a"))


def find(*faces):
    return lambda picture: [Face(np.zeros(4), 1.0, each) for each in faces]


def test_each_face_is_translated_and_the_rest_stays(one_way):
    """The model makes all brighter by a quarter of the domain's step: 32 of 255."""
    picture = photograph()
    result = translate_faces(one_way, picture, prepare(one_way), find(FACE, FACE + np.array([190, 60])))
    change = result.picture.astype(int) - picture
    assert result.contents.shape == result.translations.shape == (2, one_way.image_size, one_way.image_size, 3)
    for x, y in ((100, 120), (290, 180)):
        assert abs(change[y, x].mean() - 32) <= 4
    np.testing.assert_array_equal(change[:3], 0)
    np.testing.assert_array_equal(change[:, 392:], 0)


def test_photograph_without_a_face_is_named(one_way):
    with pytest.raises(NoFaceError, match=r"me\.jpg: no face was found"):
        translate_faces(one_way, photograph(), prepare(one_way), find(), name="me.jpg")


def test_faces_are_aligned_as_the_training_data_were(one_way):
    assert not is_aligned(one_way)
    np.testing.assert_allclose(target_of(one_way).anchors, celeba_square(one_way.image_size).anchors)
    value = one_way.trained_model
    aligned = Model(value._replace(meta={**value.meta, "alignment": {"mean": MEAN, "deviation": MEAN}}))
    assert is_aligned(aligned)
    np.testing.assert_allclose(target_of(aligned).anchors, square_of(np.array(MEAN), aligned.image_size).anchors)


@pytest.mark.parametrize("mean", [[[0.1, 0.2]] * 4, [[0.1, float("nan")]] * 5, "left", None])
def test_snapshot_with_a_wrong_alignment_is_refused(tmp_path, monkeypatch, mean):
    monkeypatch.setattr(trained_model.algorithms, "make", stand_ins.make)
    params, config, meta = read_snapshot(stand_ins.write(tmp_path / "s.safetensors", "one_way"))
    write_snapshot(tmp_path / "t.safetensors", params, config, {**meta, "alignment": {"mean": mean}})
    with pytest.raises(UserError, match=r"alignment"):
        load(tmp_path / "t.safetensors")


def test_model_that_paints_from_masks_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(trained_model.algorithms, "make", stand_ins.make)
    with pytest.raises(UserError, match="needs the mask"):
        check_translates_faces(load(stand_ins.write(tmp_path / "p.safetensors", "painted")))


def test_regions_of_a_face_take_their_own_style(tmp_path):
    model = load(tiny_semgan.write(tmp_path / "s.safetensors"))
    dark, bright = (np.full((40, 40, 3), value, np.uint8) + noise(1, 40, 40, "dark") // 8 for value in (20, 200))
    requests = Request(reference=bright, domain="bright"), Request(reference=bright, domain="bright", regions={"skin": dark})
    plain, regional = (
        translate_faces(model, photograph(), style_request.prepare(model.trained_model, request), find(FACE)).translations
        for request in requests
    )
    assert np.abs(plain.astype(int) - regional).max() > 0


def test_command_translates_the_faces_of_files_and_lists_those_without(one_way, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(translate, "load", lambda _: one_way)
    monkeypatch.setattr(translate_face_files, "Detector", lambda: lambda picture: find(FACE)(picture) if picture.max() else [])
    (tmp_path / "in").mkdir()
    Image.fromarray(photograph()).save(tmp_path / "in" / "a.png")
    Image.fromarray(np.zeros((40, 40, 3), np.uint8)).save(tmp_path / "in" / "b.png")
    options = {"domain": "b", "content_domain": "a", "files": FileOptions(faces=True)}
    assert translate_files(tmp_path, tmp_path / "in", tmp_path / "out", **options) == 2
    said = capsys.readouterr()
    assert f"wrote 1 of 2 pictures to {tmp_path / 'out'}: 1 faces" in said.out
    assert f"semgan: left out: {tmp_path / 'in' / 'b.png'}: no face was found" in said.err
    assert said.err.count("CelebA") == 1
    expected = translate_faces(one_way, photograph(), prepare(one_way), find(FACE)).picture
    np.testing.assert_array_equal(read(tmp_path / "out" / "a.png"), expected)
    with pytest.raises(UserError, match=r"b\.png: no face was found: leave out --faces"):
        translate_files(tmp_path, tmp_path / "in" / "b.png", tmp_path / "b.png", **options)
    with pytest.raises(UserError, match="leave out --size, --tile, --panorama and --stereo, or --faces"):
        translate_files(tmp_path, tmp_path / "in", tmp_path / "out", view=View(tile=8), **options)
