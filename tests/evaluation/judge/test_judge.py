import jax.numpy as jnp
import numpy as np
import pytest

from semgan.errors import UserError
from semgan.evaluation.judge import judge as judging
from semgan.evaluation.judge import judge_training
from semgan.evaluation.judge.judge import load_judge, load_or_train, save_judge, train_judge


def test_judge_learns_what_squares_show(judge):
    assert judge.accuracy["domain"] > 0.97
    assert judge.accuracy["mask_iou"] > 0.85
    assert judge.accuracy["landmark_error"] < 0.3
    assert judge.accuracy["attributes"]["red"] > 0.95
    assert judge.accuracy["mask_iou_by_class"].keys() == {"ground", "square"}


def test_judgement_of_one_picture_does_not_depend_on_the_others(judge, test_squares):
    together = judging.decide(judge, test_squares.images[:60])
    alone = judging.decide(judge, test_squares.images[55:56])
    np.testing.assert_array_equal(together.mask[55], alone.mask[0])
    np.testing.assert_allclose(together.features[55], alone.features[0], atol=1e-5)
    assert together.domain.shape == (60,)
    np.testing.assert_allclose(np.linalg.norm(together.features, axis=-1), 1, atol=1e-3)


def test_judge_called_on_floats_agrees_with_decide_on_bytes(judge, test_squares):
    images = test_squares.images[:50]
    judgement = judge(jnp.asarray(images, jnp.float32) / 127.5 - 1)
    assert judgement.mask.shape == (50, 16, 16, 2)
    np.testing.assert_allclose(judgement.landmarks, judging.decide(judge, images).landmarks, atol=1e-5)


def test_class_weights_are_one_on_average_over_the_pixels(train_squares):
    weights = judge_training.class_weights(train_squares, 2)
    frequency = train_squares.annotations["mask"][train_squares.rows].mean()
    assert weights[1] > weights[0]
    assert weights[0] * (1 - frequency) + weights[1] * frequency == pytest.approx(1)


def test_perfect_mask_has_no_dice_loss():
    truth = jnp.array([[[0, 1], [1, 2]]])
    logits = 50.0 * jnp.eye(3)[truth]
    assert float(judge_training.dice(logits, truth)) == pytest.approx(0, abs=1e-5)
    assert float(judge_training.dice(jnp.roll(logits, 1, -1), truth)) > 0.4


TINY = {"channels": 8, "steps": 2, "batch_size": 32}  # of the same shapes as the `judge` fixture, so compiled already


@pytest.fixture
def count_trainings(monkeypatch):
    trainings = []
    train = judge_training.train
    monkeypatch.setattr(judge_training, "train", lambda *args, **kwargs: trainings.append(1) or train(*args, **kwargs))
    return trainings


def test_kept_judge_is_reused_and_trained_anew_when_damaged(tmp_path, squares, count_trainings):
    train, test = squares(8, seed=1), squares(8, seed=2, split="test")
    first = load_or_train(train, test, **TINY, folder=tmp_path)
    again = load_or_train(train, test, **TINY, folder=tmp_path)
    assert len(count_trainings) == 1
    assert again.name == first.name
    assert again.accuracy == first.accuracy
    np.testing.assert_array_equal(judging.decide(first, test.images).features, judging.decide(again, test.images).features)

    (path,) = tmp_path.iterdir()
    intact = path.read_bytes()
    for place in (20, len(intact) // 2, len(intact) - 1):
        path.write_bytes(intact[:place] + bytes([intact[place] ^ 1]) + intact[place + 1 :])
        assert load_judge(path) is None
    path.write_bytes(intact[: len(intact) // 2])
    load_or_train(train, test, **TINY, folder=tmp_path)
    assert len(count_trainings) == 2
    assert load_judge(path).accuracy == first.accuracy


def test_other_data_or_settings_have_their_own_judge(squares):
    train, test = squares(8, seed=1), squares(8, seed=2, split="test")
    name = judging.judge_name(train, test, **TINY)
    assert name == judging.judge_name(train, test, **TINY)
    assert name != judging.judge_name(train._replace(fingerprint="else"), test, **TINY)
    assert name != judging.judge_name(train, test, **TINY | {"steps": 3})


def test_saving_leaves_no_temporary_file(tmp_path, judge):
    path = tmp_path / "judges" / "a.safetensors"
    save_judge(path, judge)
    assert [entry.name for entry in path.parent.iterdir()] == ["a.safetensors"]


def test_data_without_annotations_is_judged_by_domain_alone(squares):
    train, test = (squares(8, seed=seed)._replace(annotations={}, names={}) for seed in (1, 2))
    judge = train_judge(train, test, channels=4, steps=1, batch_size=4)
    assert judge.accuracy.keys() == {"images", "domain"}
    assert judging.decide(judge, test.images).mask is None


@pytest.mark.parametrize(("changes", "wrong"), [({"channels": 6}, "judge.channels"), ({"size": 10}, "image_size")])
def test_unfit_settings_are_refused_before_training(squares, changes, wrong):
    train = squares(8, seed=1)
    if "size" in changes:
        train = train._replace(images=train.images[:, :10, :10])
    with pytest.raises(UserError, match=wrong):
        train_judge(train, train, **TINY | {"channels": changes.get("channels", 8)})
