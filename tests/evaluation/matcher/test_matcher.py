import jax
import jax.numpy as jnp
import numpy as np
import pytest

from semgan.errors import UserError
from semgan.evaluation.matcher import matcher as matching
from semgan.evaluation.matcher import training
from semgan.evaluation.matcher.matcher import features_of, load_matcher, load_or_train, restyle, train_matcher
from semgan.evaluation.scores.place_match import place_match

TINY = {"channels": 4, "features": 8, "steps": 1, "batch_size": 6, "pictures": 12}
"""Of the same shapes as `matcher`'s, so compiled already."""


def match(matcher, contents, pictures, domain):
    return place_match(features_of(matcher, contents, domain), features_of(matcher, pictures, domain))


@pytest.fixture(scope="module")
def contents(test_squares):
    rows = test_squares.rows[:40]
    return test_squares.images[rows], test_squares.domain[:40]


def test_trained_matcher_finds_places_again_in_another_style(matcher):
    assert matcher.accuracy["place"] > 0.4  # 0.23 without training, and by chance 9 places of 1024
    assert matcher.accuracy["images"] == 40


def test_match_falls_as_the_picture_is_shifted_farther(matcher, contents):
    images, domain = contents
    means = [match(matcher, images, np.roll(images, shift, 2), domain).mean() for shift in (0, 1, 2, 4)]
    assert means[0] == pytest.approx(1, abs=0.01)
    assert all(np.diff(means) < -0.02)


def test_restyled_content_matches_better_than_another_picture(matcher, contents):
    images, domain = contents
    restyled = match(matcher, images, restyle(images, 0), domain).mean()
    assert restyled > match(matcher, images, np.roll(images, 1, 0), domain).mean() + 0.1


def test_constant_picture_matches_no_better_than_chance(matcher, contents):
    images, domain = contents
    gray = match(matcher, images, np.full_like(images, 127), domain).mean()
    assert gray < match(matcher, images, np.roll(images, 1, 0), domain).mean() + 0.05


def test_inverted_colours_leave_features_as_they_are(matcher, contents):
    images, domain = contents
    np.testing.assert_allclose(features_of(matcher, 255 - images, domain), features_of(matcher, images, domain), atol=0.02)


@pytest.mark.parametrize("size", [16, 32, 100, 128])
def test_pictures_of_any_size_have_features_of_the_same_places(matcher, contents, size):
    images, domain = contents
    resized = np.asarray(jax.image.resize(images[:3].astype(np.float32), (3, size, size, 3), "nearest")).astype(np.uint8)
    features = features_of(matcher, resized, domain[:3])
    assert features.shape == (3, 1024, 8)
    np.testing.assert_allclose(np.linalg.norm(features, axis=-1), 1, atol=0.01)


def test_features_of_a_picture_do_not_depend_on_the_others(matcher, contents):
    images, domain = contents
    together, alone = features_of(matcher, images, domain), features_of(matcher, images[7:8], domain[7:8])
    np.testing.assert_allclose(together[7], alone[0], atol=1e-4)


def test_gray_pictures_can_be_learned_from(squares):
    train, test = squares(30, seed=1), squares(12, seed=2)
    train, test = (each._replace(images=np.repeat(each.images.mean(-1, keepdims=True), 3, -1).astype(np.uint8)) for each in (train, test))
    trained = train_matcher(train, test, **TINY)
    assert np.isfinite(features_of(trained, test.images, np.zeros(len(test.images), int))).all()


def test_black_pictures_leave_training_finite(squares):
    train = squares(30, seed=1)
    black = train._replace(images=np.zeros_like(train.images))
    trained = train_matcher(black, black, **TINY)
    assert all(np.isfinite(leaf).all() for leaf in jax.tree.leaves(trained.params))


def test_training_is_a_function_of_the_seed(squares):
    train, test = squares(30, seed=1), squares(12, seed=2)
    first, again, other = (train_matcher(train, test, **TINY, seed=seed) for seed in (3, 3, 4))
    for a, b, c in zip(*(jax.tree.leaves(each.params) for each in (first, again, other)), strict=True):
        np.testing.assert_array_equal(a, b)
        assert a.std() == 0 or not np.array_equal(a, c)


def test_kept_matcher_is_reused_and_trained_anew_when_damaged(tmp_path, squares, monkeypatch):
    trainings, train_network = [], training.train
    monkeypatch.setattr(training, "train", lambda *args, **kwargs: trainings.append(1) or train_network(*args, **kwargs))
    train, test = squares(30, seed=1), squares(12, seed=2)
    first = load_or_train(train, test, **TINY, folder=tmp_path)
    again = load_or_train(train, test, **TINY, folder=tmp_path)
    assert len(trainings) == 1
    assert (again.name, again.accuracy, again.settings) == (first.name, first.accuracy, first.settings)
    domain = np.zeros(len(test.images), int)
    np.testing.assert_array_equal(features_of(again, test.images, domain), features_of(first, test.images, domain))

    (path,) = tmp_path.iterdir()
    intact = path.read_bytes()
    for place in (20, len(intact) // 2, len(intact) - 1):
        path.write_bytes(intact[:place] + bytes([intact[place] ^ 1]) + intact[place + 1 :])
        assert load_matcher(path) is None
    load_or_train(train, test, **TINY, folder=tmp_path)
    assert len(trainings) == 2


def test_a_judge_is_not_taken_for_a_matcher(tmp_path, judge):
    from semgan.evaluation.judge.judge import save_judge

    save_judge(tmp_path / "judge.safetensors", judge)
    assert load_matcher(tmp_path / "judge.safetensors") is None


def test_pictures_too_small_to_have_places_are_refused(squares):
    train = squares(8, seed=1)
    small = train._replace(images=train.images[:, :8, :8])
    with pytest.raises(UserError, match="at least 16 pixels"):
        train_matcher(small, small, **TINY)


def test_contrast_by_hand():
    """Two pictures of four places with features along axes, all places anchors; neighbours are all, since the grid is 2x2."""
    first = jnp.eye(4)[None].repeat(2, 0)
    sharp = 1 / 0.07
    across_same = jnp.array([0, 0])  # one other picture of the domain, whose same place has the same feature: cosine 1
    loss = training.contrast(first, first, across_same, jax.random.key(0))
    negatives = 3 * 0.3 * np.exp(0.0) + 8 * np.exp(sharp)
    assert float(loss) == pytest.approx(np.log((np.exp(sharp) + negatives) / np.exp(sharp)), rel=1e-4)
    alone = training.contrast(first, first, jnp.array([0, 1]), jax.random.key(0))  # of another domain: no negative
    assert float(alone) == pytest.approx(np.log1p(3 * 0.3 * np.exp(-sharp)), abs=1e-6)


def test_restyling_is_a_function_of_the_seed(contents):
    images, _ = contents
    first, again, other = (restyle(images, seed) for seed in (0, 0, 1))
    np.testing.assert_array_equal(first, again)
    assert np.abs(first.astype(float) - other).mean() > 20


def test_at_most_the_asked_for_pictures_are_learned_from(squares, monkeypatch):
    seen = []
    monkeypatch.setattr(training, "train", lambda dataset, rows, *args, **kwargs: seen.append(rows) or {})
    monkeypatch.setattr(matching, "_usual_features", lambda *args: (np.zeros(0), np.zeros(0)))
    monkeypatch.setattr(matching, "measure", lambda *args: {})
    train = squares(100, seed=1)
    train_matcher(train, train, **TINY | {"pictures": 30})
    assert len(seen[0]) == 30
    assert seen[0].max() > 80  # from first to last: data may be in the order of their domains
