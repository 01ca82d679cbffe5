"""Folders of pictures in, figures out; and figures grow with what is done to the pictures."""

import json
import warnings
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageFilter

from semgan.cli import main
from semgan.errors import UserError
from semgan.evaluation import folder_pictures
from semgan.evaluation.extractors import feature_extractor
from semgan.evaluation.extractors.feature_extractor import extractor_from_judge_file
from semgan.evaluation.extractors.statistics import Statistics
from semgan.evaluation.figures.figure import from_json
from semgan.evaluation.figures.passport import comparable
from semgan.evaluation.figures.set_figures import Sets, distance_name, figures_of_sets
from semgan.evaluation.folder_pictures import batches, open_folder
from semgan.evaluation.judge.judge import decide, judge_path, save_judge
from semgan.evaluation.score_command import score_folders, score_to_file
from semgan.evaluation.scores.moments import moments_of

ALL = {"fd_judge", "kd_judge", "precision", "recall", "density", "coverage"}


@pytest.fixture(scope="module")
def faces(squares):
    """240 pictures of squares in three colours, those of a colour together."""
    dataset = squares(240, seed=5)
    order = np.argsort(dataset.domain, kind="stable")
    return dataset.images[dataset.rows[order]], dataset.domain[order]


@pytest.fixture
def folders(tmp_path, faces, write_pictures):
    images, _ = faces
    return write_pictures(tmp_path / "real", images[::4]), write_pictures(tmp_path / "fake", images[1::4])


def by_name(result):
    return {figure["name"]: figure for figure in result["figures"]}


def blurred(images, radius):
    return np.stack([np.asarray(Image.fromarray(image).filter(ImageFilter.GaussianBlur(radius))) for image in images])


def noised(images, deviation):
    noise = np.random.RandomState(0).standard_normal(images.shape) * deviation
    return np.clip(images + noise, 0, 255).round().astype(np.uint8)


def distances(real, fake, extractor):
    sets = [Statistics(moments_of(found), found, None, "") for found in (extractor.features(images) for images in (real, fake))]
    made, _ = figures_of_sets(Sets(*sets, extractor.identity()), resamples=0)
    return {figure.name: figure.value for figure in made}


def test_a_set_against_itself_is_perfect(faces, judge_extractor):
    found = distances(faces[0], faces[0], judge_extractor)
    assert found["fd_judge"] < 1e-6
    assert found["kd_judge"] <= 0
    assert (found["precision"], found["recall"], found["coverage"]) == (1, 1, 1)


@pytest.mark.parametrize(("worsen", "strengths"), [(blurred, (0.5, 1, 2, 4)), (noised, (8, 20, 50, 120))])
def test_distances_grow_with_blur_and_noise(worsen, strengths, faces, judge_extractor):
    images, _ = faces
    found = [distances(images, worsen(images, strength), judge_extractor) for strength in strengths]
    for name in ("fd_judge", "kd_judge"):
        values = [each[name] for each in found]
        assert values == sorted(values)
        assert values[0] > distances(images, images, judge_extractor)[name]
    assert found[-1]["coverage"] < 0.5 * found[0]["coverage"] + 0.01


def test_distances_grow_and_recall_falls_with_every_class_that_is_left_out(faces, judge_extractor):
    images, domain = faces
    found = [distances(images, images[domain < kept], judge_extractor) for kept in (3, 2, 1)]
    for name, sign in (("fd_judge", 1), ("kd_judge", 1), ("recall", -1), ("coverage", -1)):
        values = [sign * each[name] for each in found]
        assert values == sorted(values)
        assert values[0] < values[-1]
    assert {each["precision"] for each in found} == {1}


def test_judge_extractor_gives_what_the_judge_decides_by_at_a_mean_square_of_one(faces, judge_extractor):
    features = judge_extractor.features(faces[0][:70])
    decided = decide(judge_extractor.judge, faces[0][:70]).features
    np.testing.assert_allclose(features, decided * decided.shape[1] ** 0.5, atol=1e-5)
    np.testing.assert_allclose(np.mean(features**2, 1), 1, atol=1e-3)
    larger = np.repeat(np.repeat(faces[0][:2], 3, axis=1), 3, axis=2)
    assert np.abs(judge_extractor.features(larger) - features[:2]).mean() < 0.3 * np.abs(features[2:4] - features[:2]).mean()


def test_two_folders_are_scored_with_passports_and_notes(folders, judge_extractor, tmp_path):
    result = score_folders(*folders, extractor=judge_extractor, cache_folder=tmp_path / "cache", split="test")
    found = by_name(json.loads(json.dumps(result, allow_nan=False)))
    assert found.keys() == ALL
    assert not any("fid" in name or "kid" in name for name in found)
    assert "not FID" in result["notes"][0]
    for figure in found.values():
        low, high = figure["interval"]
        assert low <= figure["value"] <= high
        passport = from_json(figure).passport
        assert (passport.real_count, passport.fake_count, passport.split) == (60, 60, "test")
        assert passport.sha256 == judge_extractor.sha256
    assert "real and generated" in found["fd_judge"]["interval_of"]
    assert found["precision"]["passport"]["parameters"] == {"neighbours": 3}
    assert result["time"]["images"] == 120


def test_layout_and_format_of_a_folder_do_not_matter(folders, judge_extractor, tmp_path, faces, write_pictures):
    names = [f"{'ab'[place % 2]}/deep/{place:03}.{'bmp' if place % 3 else 'png'}" for place in range(60)]
    other = write_pictures(tmp_path / "other", faces[0][::4], names)
    (other / "notes.txt").write_text("not a picture")
    write_pictures(other / ".thumbnails", faces[0][:3])
    flat, deep = (
        by_name(score_folders(real, folders[1], extractor=judge_extractor, cache=False, resamples=0)) for real in (folders[0], other)
    )
    for name, figure in flat.items():
        assert figure["value"] == pytest.approx(deep[name]["value"], rel=1e-6, abs=1e-9)
        assert comparable(from_json(figure).passport, from_json(deep[name]).passport) == []


def test_real_pictures_are_looked_at_once(folders, judge_extractor, tmp_path):
    options = {"extractor": judge_extractor, "cache_folder": tmp_path / "cache"}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        first, again = (score_folders(*folders, **options) for _ in range(2))
    assert (first["time"]["images"], again["time"]["images"]) == (120, 60)
    assert first["figures"] == again["figures"]
    image = np.zeros((16, 16, 3), np.uint8)
    Image.fromarray(image).save(folders[0] / "000.png")
    changed = score_folders(*folders, **options)
    assert changed["time"]["images"] == 120
    assert comparable(from_json(first["figures"][0]).passport, from_json(changed["figures"][0]).passport) == ["real"]


def test_result_is_written_whole_and_told(folders, judge_extractor, tmp_path, capsys):
    out = tmp_path / "out" / "score.json"
    result = score_to_file(*folders, out, extractor=judge_extractor, cache=False, scores=("fd", "recall"), resamples=20)
    assert json.loads(out.read_text()) == result
    told = capsys.readouterr().out
    assert "fd_judge" in told
    assert "recall" in told
    assert "kd_judge" not in told


def test_count_takes_pictures_evenly(folders, judge_extractor):
    result = score_folders(*folders, extractor=judge_extractor, cache=False, count=10, resamples=0)
    assert (result["real"]["count"], result["fake"]["count"]) == (10, 10)
    names = [path.name for path in open_folder(folders[0], 4).paths]
    assert names == ["000.png", "015.png", "030.png", "045.png"]


def test_few_pictures_leave_out_the_scores_that_need_more(folders, judge_extractor):
    result = score_folders(*folders, extractor=judge_extractor, cache=False, count=5)
    assert by_name(result).keys() == {"fd_judge", "kd_judge"}
    assert sum("at least 6 real" in note for note in result["notes"]) == 4


class Inception:
    """Stands for an extractor with published weights."""

    name, sha256, protocol = "inception", "ab", "legacy"

    def features(self, images):
        return images.reshape(len(images), -1)[:, ::97].astype(np.float32)

    def logits(self, features):
        return features[:, :5] / 50

    def identity(self):
        return {"extractor": self.name, "network": "2015", "sha256": self.sha256, "protocol": self.protocol, "resize": "none"}


def test_published_weights_give_the_published_names(folders, tmp_path):
    for _ in range(2):  # from the cache too
        result = score_folders(*folders, extractor=Inception(), cache_folder=tmp_path / "cache")
        assert by_name(result).keys() == {"fid", "kid", "inception_score", "precision", "recall", "density", "coverage"}
    assert result["notes"] == []
    assert distance_name("fd", "stargan-v2") == "fid"
    assert distance_name("fd", "judge") == "fd_judge"


def test_seeds_are_in_the_passport(folders):
    first, other = (by_name(score_folders(*folders, extractor=Inception(), cache=False, seed=seed)) for seed in (1, 2))
    for name, told in (("kid", "seeds.subsets"), ("inception_score", "seeds.shuffle")):
        assert comparable(from_json(first[name]).passport, from_json(other[name]).passport) == [told]


def test_pictures_come_in_order_and_whole(folders, faces):
    np.testing.assert_array_equal(np.concatenate(list(batches(open_folder(folders[0])))), faces[0][::4])


def test_judge_file_is_read_and_another_size_refused(judge_extractor, tmp_path):
    path = tmp_path / "judge.safetensors"
    save_judge(path, judge_extractor.judge)
    assert extractor_from_judge_file(path, 16).sha256 == judge_extractor.sha256
    with pytest.raises(UserError, match="judge of 2 levels"):
        extractor_from_judge_file(path, 64)
    path.write_bytes(b"no judge")
    with pytest.raises(UserError, match="not a judge's file"):
        extractor_from_judge_file(path, 16)
    with pytest.raises(UserError, match="no such file"):
        extractor_from_judge_file(tmp_path / "none")


@pytest.mark.parametrize(
    ("spoil", "wrong"),
    [
        (lambda real, fake: (fake / "030.png").write_bytes((fake / "030.png").read_bytes()[:60]), "030.png: damaged or cut short"),
        (lambda real, fake: [path.unlink() for path in list(fake.iterdir())[1:]], "fake has 1 pictures"),
        (lambda real, fake: [path.unlink() for path in fake.iterdir()] + [fake.rmdir()], "fake: no such folder"),
    ],
)
def test_bad_folders_are_refused_in_one_sentence(spoil, wrong, folders, judge_extractor):
    spoil(*folders)
    with pytest.raises(UserError, match=wrong) as caught:
        score_folders(*folders, extractor=judge_extractor, cache=False)
    assert "\n" not in str(caught.value)


def test_unknown_scores_and_places_are_refused_before_the_work(folders, judge_extractor, tmp_path):
    with pytest.raises(UserError, match="no score 'fidd'"):
        score_folders(*folders, extractor=judge_extractor, scores=("fidd",))
    with pytest.raises(UserError, match="is a folder"):
        score_to_file(*folders, tmp_path, extractor=judge_extractor)


def resized(images, sizes):
    """Picture i at size i of `sizes`, in turns."""
    return [Image.fromarray(image).resize(sizes[place % len(sizes)]) for place, image in enumerate(images)]


def save_all(folder, images):
    folder.mkdir()
    for place, image in enumerate(images):
        image.save(folder / f"{place:03}.png")
    return folder


SIZES = [(24, 24), (16, 20), (16, 16)]


def test_folders_of_several_sizes_are_scored_with_a_note(tmp_path, faces, judge_extractor, write_pictures):
    images, _ = faces
    real = write_pictures(tmp_path / "real", images[::4])
    fake = save_all(tmp_path / "fake", resized(images[1::4], SIZES))
    result = score_folders(real, fake, extractor=judge_extractor, cache_folder=tmp_path / "cache", resamples=0)
    assert by_name(result).keys() == ALL
    (note,) = (note for note in result["notes"] if "itself" in note)
    assert "real has pictures of 16 x 16 pixels and " in note
    assert "fake has pictures of 3 sizes, from 16 x 16 to 24 x 24 pixels" in note
    assert "(centred square, Lanczos to 16)" in note
    again = score_folders(fake, real, extractor=judge_extractor, cache_folder=tmp_path / "cache", resamples=0)
    assert by_name(again)["fd_judge"]["value"] == pytest.approx(by_name(result)["fd_judge"]["value"], rel=1e-3)


def test_a_picture_has_the_features_of_its_own_size_in_a_mixed_folder(tmp_path, faces, judge_extractor):
    pictures = resized(faces[0][:30], SIZES)
    folder = open_folder(save_all(tmp_path / "mixed", pictures))
    (batch,) = batches(folder)
    assert [image.shape[:2] for image in batch] == [image.size[::-1] for image in pictures] == list(folder.sizes)
    mixed = judge_extractor.features(batch)
    for place in range(3):
        alone = judge_extractor.features(np.stack([np.asarray(image) for image in pictures[place::3]]))
        np.testing.assert_allclose(mixed[place::3], alone, rtol=1e-5, atol=1e-6)


def test_folders_of_two_sizes_are_compared_with_a_note_and_of_one_without(tmp_path, faces, judge_extractor, folders):
    fake = save_all(tmp_path / "large", resized(faces[0][1::4], [(32, 32)]))
    notes = score_folders(folders[0], fake, extractor=judge_extractor, cache=False, resamples=0)["notes"]
    assert any("real has pictures of 16 x 16 pixels and " in note and "large has pictures of 32 x 32 pixels" in note for note in notes)
    assert not any("pixels" in note for note in score_folders(*folders, extractor=judge_extractor, cache=False, resamples=0)["notes"])


def test_batches_are_bounded_by_their_bytes(tmp_path, monkeypatch):
    folder = open_folder(save_all(tmp_path / "a", [Image.new("RGB", size) for size in [(8, 8)] * 5 + [(40, 40)] * 2 + [(8, 8)]]))
    monkeypatch.setattr(folder_pictures, "_BATCH_BYTES", 3 * 8 * 8 * 3)
    assert [len(batch) for batch in batches(folder)] == [3, 2, 1, 1, 1]
    monkeypatch.setattr(folder_pictures, "_BATCH_BYTES", 2**26)
    monkeypatch.setattr(folder_pictures, "MOST", 5)
    assert [len(batch) for batch in batches(folder)] == [5, 3]


def test_a_zip_of_pictures_scores_as_its_folder(folders, judge_extractor, tmp_path):
    with zipfile.ZipFile(tmp_path / "fake.zip", "w") as archive:
        for path in folders[1].iterdir():
            archive.write(path, f"deep/{path.name}")
    options = {"extractor": judge_extractor, "cache": False, "resamples": 0}
    one, other = (score_folders(folders[0], fake, **options) for fake in (folders[1], tmp_path / "fake.zip"))
    assert one["figures"] == other["figures"]


def test_the_judges_training_is_announced_and_its_file_named(judge_extractor, tmp_path, monkeypatch, capsys, squares):
    monkeypatch.setenv("SEMGAN_CACHE", str(tmp_path / "cache"))
    said = []

    def open_squares(name, **options):
        said.append(capsys.readouterr().err)
        return squares(40, 1, options["split"])

    def train(*_, **settings):
        path = judge_path(squares(40, 1, "train"), squares(40, 1, "test"), **settings)
        path.parent.mkdir(parents=True, exist_ok=True)
        save_judge(path, judge_extractor.judge)
        return judge_extractor.judge

    monkeypatch.setattr(feature_extractor, "open_dataset", open_squares)
    monkeypatch.setattr(feature_extractor, "load_or_train", train)
    feature_extractor.default_extractor()
    assert "22,000 faces are drawn and a judge is trained on drawn faces, once, in about 5 minutes" in said[0]
    after = capsys.readouterr().err
    path = after.partition("kept in ")[2].partition(":")[0]
    assert extractor_from_judge_file(path, 16).sha256 == judge_extractor.sha256
    (tmp_path / "cache" / "data" / "drawn_faces-train-64-0").mkdir(parents=True)
    (tmp_path / "cache" / "data" / "drawn_faces-train-64-0" / "manifest.json").write_text("{}")
    feature_extractor.default_extractor()
    assert capsys.readouterr().err == ""
    Path(path).unlink()
    feature_extractor.default_extractor()
    assert "first a judge is trained on drawn faces" in capsys.readouterr().err


def test_help_says_where_a_judges_file_comes_from(capsys):
    with pytest.raises(SystemExit):
        main(["score", "--help"])
    told = " ".join(capsys.readouterr().out.split())
    assert "folder judges of the cache ($SEMGAN_CACHE, else ~/.cache/semgan)" in told
    assert "of the same size" not in told
