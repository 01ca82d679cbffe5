import json

import pytest

import semgan
from semgan.errors import UserError
from semgan.evaluation.figures.code_digest import semgan_digest
from semgan.evaluation.figures.figure import Figure, from_json, to_json
from semgan.evaluation.figures.passport import Passport, comparable, new_passport

IDENTITY = {"extractor": "inception", "network": "2015", "sha256": "ab", "protocol": "legacy", "resize": "bilinear"}
PASSPORT = new_passport(
    IDENTITY, real="cd", real_count=10, fake_count=20, split="test", seeds={"subsets": 1}, truncation=0.7, parameters={"neighbours": 3}
)
OTHER = {
    "seeds": {"subsets": 2}, "parameters": {"neighbours": 5}, "real_count": 11, "fake_count": 21, "truncation": 1.0,
}  # fmt: skip


def test_same_passports_compare():
    assert comparable(PASSPORT, PASSPORT) == []
    assert comparable(PASSPORT, from_json(json.loads(json.dumps(to_json(Figure("fid", 1.0, None, PASSPORT))))).passport) == []


@pytest.mark.parametrize("field", Passport._fields)
def test_every_changed_field_is_told(field):
    changed = PASSPORT._replace(**{field: OTHER.get(field, "else")})
    told = {"seeds": "seeds.subsets", "parameters": "parameters.neighbours"}.get(field, field)
    assert comparable(PASSPORT, changed) == comparable(changed, PASSPORT) == [told]


def test_parameters_that_one_alone_has_are_told():
    more = PASSPORT._replace(parameters={"neighbours": 3, "splits": 10}, truncation=None)
    assert comparable(PASSPORT, more) == ["truncation", "parameters.splits"]
    assert sorted(comparable(more, PASSPORT)) == ["parameters.splits", "truncation"]


@pytest.mark.parametrize("interval", [None, (1.0, 2.5)])
def test_figures_survive_json(interval):
    figure = Figure("fid", 1.5, interval, PASSPORT, "1000 resamples")
    assert from_json(json.loads(json.dumps(to_json(figure)))) == figure


def test_passport_names_the_code_that_made_the_figure():
    assert (PASSPORT.version, PASSPORT.code) == (semgan.__version__, semgan_digest())
    assert len(semgan_digest()) == 64


@pytest.mark.parametrize(
    ("change", "wrong"),
    [
        (lambda data: data.pop("interval"), "'interval'"),
        (lambda data: data.update(more=1), "'more'"),
        (lambda data: data["passport"].pop("code"), "'code'"),
        (lambda data: data.update(passport=[]), "passport is list"),
        (lambda data: data.update(value="high"), "not a number"),
        (lambda data: data.update(interval=[1]), "not two numbers"),
    ],
)
def test_json_that_is_no_figure_is_refused_in_a_sentence(change, wrong):
    data = to_json(Figure("fid", 1.5, (1.0, 2.0), PASSPORT))
    change(data)
    with pytest.raises(UserError, match=wrong):
        from_json(data)
