import numpy as np

from semgan.evaluation.figures.judge_figures import judge_origin
from semgan.evaluation.figures.novelty import audit_translations, nearest_of_domain
from semgan.evaluation.figures.training_pictures import features_of, nearest_pictures
from semgan.evaluation.judge.judge import decide
from semgan.evaluation.scores.neighbours import nearest


def test_features_are_those_of_the_whole_judge(judge, test_squares):
    places = np.array([5, 2, 9])
    expected = decide(judge, test_squares.images[test_squares.rows[places]]).features
    np.testing.assert_allclose(features_of(judge, test_squares, places), expected, atol=1e-5)
    assert len(features_of(judge, test_squares)) == len(test_squares.rows)


def test_neighbours_are_sought_in_the_own_domain_alone():
    features, others = np.array([[0.0, 0], [0, 1]], np.float32), np.array([[0.0, 0.1], [3, 0], [0, 1]], np.float32)
    distances, rows = nearest_of_domain(features, np.array([1, 0]), others, np.array([0, 1, 0]))
    assert rows.tolist() == [1, 2]
    np.testing.assert_allclose(distances, [3, 0])
    same = np.zeros(2, int), np.zeros(3, int)
    np.testing.assert_allclose(nearest_of_domain(features, same[0], others, same[1])[0], nearest(features, others)[0])


def test_nearest_pictures_name_the_rows_of_the_cache(train_squares):
    places = np.array([7, 3, 11])
    first, second = nearest_pictures(np.array([0.5, 0.1, 0.3]), places, train_squares, count=2)
    assert first == {
        "index": 1,
        "row": int(train_squares.rows[3]),
        "domain": train_squares.domains[train_squares.domain[3]],
        "distance": 0.1,
    }
    assert (second["index"], second["distance"]) == (2, 0.3)


def test_training_pictures_handed_out_as_translations_are_found(judge, train_squares, test_squares):
    places = np.flatnonzero(train_squares.domain == 1)[:60]
    features = features_of(judge, train_squares, places)
    origin = judge_origin(judge, test_squares, {})
    found, figures = audit_translations(features, np.ones(len(places), int), judge, train_squares, test_squares, origin)
    assert {figure.name: figure.value for figure in figures} == {
        "copies": found["audit"]["copies"],
        "copying_statistic": found["audit"]["statistic"],
    }
    assert figures[0].passport.real == train_squares.fingerprint
    assert found["audit"]["copying"]
    assert len(found["nearest"]) == 8
    assert all(each["distance"] < 1e-5 and each["domain"] == "green" for each in found["nearest"])


def test_new_pictures_are_no_copies(judge, train_squares, test_squares, squares):
    fresh = squares(90, seed=9)
    origin = judge_origin(judge, test_squares, {})
    found, _ = audit_translations(features_of(judge, fresh), fresh.domain, judge, train_squares, test_squares, origin)
    assert not found["audit"]["copying"]
