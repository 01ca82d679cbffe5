"""`semgan adapt` on a tiny model: what changes, what stays, and what is refused before anything is trained."""

import itertools
from types import SimpleNamespace

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax.traverse_util import flatten_dict
from PIL import Image

import semgan
from semgan import cli
from semgan.adaptation import adapt_command, adapted_snapshot, algorithm, few_shot_pictures, parameters
from semgan.adaptation.adapt_command import Length, adapt_snapshot
from semgan.adaptation.subsets import SUBSETS, holds
from semgan.data.augment import to_float
from semgan.inference import recipe
from semgan.snapshot import STYLE_RECIPE, read_snapshot, write_snapshot
from semgan.types import HEADS
from tests.inference import conftest, tiny_semgan

STEPS = 2
NEW = "red"


def write_pictures(folder, count, seed=0):
    folder.mkdir(parents=True)
    for number in range(count):
        pixels = conftest.noise(seed + number, 20, 24, "dark")
        pixels[..., 0] = 250
        Image.fromarray(pixels).save(folder / f"{number}.png")
    return folder


@pytest.fixture(scope="module")
def workplace(tmp_path_factory):
    """A snapshot, `model.safetensors`, with a recipe; its training data, `data`; and pictures of a new domain, `new`."""
    root = tmp_path_factory.mktemp("adapt")
    for domain in conftest.DOMAINS:
        (root / "data" / domain).mkdir(parents=True)
        for number in range(12):
            Image.fromarray(conftest.noise(number, 16, 16, domain)).save(root / "data" / domain / f"{number}.png")
    config = tiny_semgan.config()
    config.data.source = str(root / "data")
    params = tiny_semgan.averaged(config)
    rng = np.random.default_rng(0)
    params[STYLE_RECIPE] = {"kernel": rng.normal(size=(2, 3, 4)).astype(np.float32), "mean": np.full((2, 2), 0.5, np.float32)}
    params[STYLE_RECIPE]["covariance"] = np.zeros((2, 2, 2), np.float32)
    meta = {"domains": list(conftest.DOMAINS), "kimg": 1.5, "mask_classes": list(tiny_semgan.CLASSES), recipe.ATTRIBUTES: ["Hat", "Tie"]}
    write_snapshot(root / "model.safetensors", params, config.to_dict(), meta)
    write_pictures(root / "new", 10)
    return root


@pytest.fixture(scope="module")
def model(workplace):
    return semgan.load(workplace / "model.safetensors")


@pytest.fixture(scope="module")
def learned(workplace, model):
    return few_shot_pictures.FewShotPictures(few_shot_pictures.open_old(model, "", 0), few_shot_pictures.read_new(workplace / "new", 16))


def adapted(workplace, subset, name="out"):
    """Made once for all tests."""
    out = workplace / f"{name}-{subset}.safetensors"
    if not out.exists():
        adapt_snapshot(workplace / "model.safetensors", workplace / "new", NEW, out, subset=subset, length=Length(STEPS))
    return out


def by_path(params):
    return flatten_dict(params, sep="/")


def first_part(larger, leaf):
    """The larger array's part that is of the leaf's shape."""
    return larger[tuple(slice(length) for length in leaf.shape)]


def larger(model, nearest=0):
    return algorithm.adaptation_of(model, NEW, "all", nearest)


def test_old_domains_are_what_they_were_right_after_growing(model):
    made, rng = larger(model, nearest=1), np.random.default_rng(0)
    image, z = jnp.asarray(rng.uniform(-1, 1, (2, 16, 16, 3)), jnp.float32), jnp.asarray(rng.normal(size=(2, 4)), jnp.float32)
    old, new = jnp.array([0, 1]), jnp.array([1, 2])
    for network, value in (("style_encoder", image), ("mapping_network", z)):
        after = made.algorithm.networks[network].apply({"params": made.larger[network]}, value, old)
        np.testing.assert_allclose(model.apply(network, value, old), after, rtol=1e-5)  # one product of another size
        copied = made.algorithm.networks[network].apply({"params": made.larger[network]}, value[:1].repeat(2, 0), new)
        np.testing.assert_allclose(copied[0], copied[1], rtol=1e-5)  # the new domain starts as the one that it is said to be near
    before, after = by_path(model.params), by_path(made.larger)
    for path, leaf in before.items():
        np.testing.assert_array_equal(leaf, first_part(after[path], leaf))


@pytest.mark.parametrize("subset", ["style", "all", pytest.param("decoder", marks=pytest.mark.slow)])
def test_only_the_named_subset_changes(workplace, model, subset):
    before, after = by_path(model.params), by_path(semgan.load(adapted(workplace, subset)).params)
    assert before.keys() == after.keys()
    changed = {path for path in before if not np.array_equal(before[path], first_part(after[path], before[path]))}
    of_domains = {path for path in before if before[path].shape != after[path].shape}
    told = {path for path in before if path.startswith("discriminator/logits/")}
    assert of_domains - told == {path for path in before if path.split("/")[0] in ("style_encoder", "mapping_network")} & {
        path for path in before if any(name in path for name in ("heads/", "tokens/", "unshared", "style/"))
    }
    assert of_domains >= told
    if subset != "all":
        assert not changed & of_domains
    assert changed <= {path for path in before if holds(subset, path, path in of_domains)}
    assert not any(path.startswith((HEADS, "discriminator")) for path in changed)
    assert all(("style/" in path) or subset != "style" for path in changed)
    assert any(path.startswith("generator/decode_0/conv1") for path in changed) == (subset != "style")
    assert any(path.startswith(("generator/encode", "style_encoder/places")) for path in changed) == (subset == "all")
    for path in of_domains - told:
        assert not np.array_equal(after[path][-1], before[path][0])
        assert not np.array_equal(after[path][-1], before[path][1])


def test_the_new_snapshot_translates_into_new_and_old_domains(workplace, model):
    made = semgan.load(adapted(workplace, "style"))
    assert made.domains == (*conftest.DOMAINS, NEW)
    content = conftest.noise(40, 16, 16)
    for domain in made.domains:
        assert made.translate(content, latent_seed=1, domain=domain).shape == content.shape
    reference = workplace / "new" / "3.png"
    assert made.guess_domain(reference) == NEW
    np.testing.assert_array_equal(made.translate(content, reference), made.translate(content, reference, domain=NEW))
    note = made.meta["adapted"][0]
    assert {"domain": NEW, "from": "model.safetensors", "pictures": 10, "tuned": "style", "steps": STEPS}.items() <= note.items()
    assert made.meta["kimg"] == model.meta["kimg"]


def test_a_recipe_has_the_new_domain_s_mean_style(workplace, model):
    made = semgan.load(adapted(workplace, "style"))
    assert made.recipe is not None
    np.testing.assert_array_equal(made.recipe.kernel[:2], model.recipe.kernel)
    images = to_float(few_shot_pictures.read_new(workplace / "new", 16))
    codes = made.apply("style_encoder", images, np.full(10, 2, np.int32))
    np.testing.assert_allclose(recipe.code_of(made.recipe, {}, 2, made.domains), np.mean(codes, 0), atol=1e-5)


def test_a_seed_repeats_an_adaptation(workplace):
    first, again = (by_path(read_snapshot(adapted(workplace, "style", name)).params) for name in ("out", "again"))
    for path, leaf in first.items():
        np.testing.assert_array_equal(leaf, again[path])


def test_an_adapted_model_can_be_adapted_again_with_its_own_translations_as_pictures(workplace):
    made = semgan.load(adapted(workplace, "style"))
    old = few_shot_pictures.open_old(made, "", 0)
    assert old.domains == made.domains
    assert (np.bincount(old.domain) > 1).all()
    again = algorithm.adaptation_of(made, "ruby", "style", 2)
    assert again.config["data"]["domains"] == [*made.domains, "ruby"]
    assert again.larger["style_encoder"]["heads"]["kernel"].shape[0] == 4


def test_minutes_end_by_the_clock(learned, monkeypatch):
    seconds = itertools.count(0, 10)
    monkeypatch.setattr(adapt_command, "time", SimpleNamespace(monotonic=lambda: next(seconds)))
    _, steps = adapt_command._iterate(lambda state, _: (state, {"g/loss": jnp.float32(0)}), None, learned, Length(minutes=1), 0, 0.0)
    assert steps == 6


def test_batches_hold_contents_of_old_domains_and_references_of_both(learned):
    batch = few_shot_pictures.make_batch(learned, np.arange(8), 0)
    assert (batch["target_domain"] == 2).all()
    assert {*batch["domain"], *batch["old_domain"]} == {0, 1}
    assert (batch["reference"][..., 0] == 250).all()
    assert (batch["reference"] != batch["reference2"]).any()
    bright = batch["old_reference"].mean((1, 2, 3)) > 128
    np.testing.assert_array_equal(bright, batch["old_domain"] == 0)
    assert (batch["reference"] != few_shot_pictures.make_batch(learned, np.arange(8), 1)["reference"]).any()
    together = learned.together(NEW)
    assert together.domains == (*conftest.DOMAINS, NEW)
    assert (together.images[together.domain == 2][..., 0] == 250).all()


def test_the_new_domain_starts_from_the_old_one_that_is_likest(model, learned):
    encoder, params = model.algorithm.networks["style_encoder"], model.params["style_encoder"]
    for number, domain in enumerate(conftest.DOMAINS):
        like = np.stack([conftest.noise(100 + each, 16, 16, domain) for each in range(5)])
        assert adapted_snapshot.nearest_domain(encoder, params, learned.old, like) == number


def test_joined_puts_every_parameter_back_where_it_was(model):
    made = larger(model)
    for subset in SUBSETS:
        tuned = parameters.tuned_of(model.params, made.larger, subset)
        jax.tree.map(np.testing.assert_array_equal, parameters.join(made.larger, tuned), made.larger)


def refused(capsys, *arguments):
    try:
        status = cli.main(["adapt", *map(str, arguments)])
    except SystemExit as stop:
        status = stop.code
    said = capsys.readouterr()
    assert (status, said.out) == (2, "")
    return said.err


def test_what_cannot_be_adapted_is_told_before_anything_is_trained(workplace, snapshot_of_stargan, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(adapt_command, "adaptation_of", lambda *_: pytest.fail("too late"))
    source, new, out = workplace / "model.safetensors", workplace / "new", tmp_path / "out.safetensors"
    given = {"--model": source, "--pictures": new, "--name": NEW, "--out": out}

    def said(**changes):
        options = given | {f"--{name}": value for name, value in changes.items()}
        return refused(capsys, *(part for pair in options.items() for part in pair))

    (tmp_path / "empty").mkdir()
    assert "has no pictures in it" in said(pictures=tmp_path / "empty")
    assert "no such folder" in said(pictures=tmp_path / "none")
    assert "has one picture: give 2" in said(pictures=write_pictures(tmp_path / "one", 1))
    assert "has this domain already" in said(name="dark")
    assert "is not a name for a domain" in said(name="a,b")
    assert "is the model itself" in said(out=source)
    assert "is a folder: give a file as --out" in said(out=tmp_path)
    assert "is a model of stargan_v2, which cannot be adapted" in said(model=snapshot_of_stargan)
    assert "training data, which --data can name, are needed" in said(data=tmp_path / "gone")
    assert "invalid choice: 'most'" in said(tune="most")
    assert "'0' is not a number of minutes above 0" in said(minutes=0)
    assert "--pictures is missing" in refused(capsys, "--model", source, "--name", NEW, "--out", out)
    assert not out.exists()


@pytest.fixture
def snapshot_of_stargan(tmp_path):
    path = tmp_path / "stargan.safetensors"
    config = conftest.tiny_config()
    write_snapshot(path, tiny_semgan.averaged(config), config.to_dict(), {"domains": list(conftest.DOMAINS)})
    return path


def test_few_pictures_are_warned_of(tmp_path):
    with pytest.warns(UserWarning, match="only 3 pictures"):
        assert len(few_shot_pictures.read_new(write_pictures(tmp_path / "few", 3), 16)) == 3


def test_interrupting_leaves_no_file(workplace, tmp_path, monkeypatch):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(adapt_command, "_train", interrupted)
    out = tmp_path / "out.safetensors"
    given = ["--model", workplace / "model.safetensors", "--pictures", workplace / "new", "--name", NEW, "--out", out]
    assert cli.main(["adapt", *map(str, given)]) == 130
    assert not list(tmp_path.iterdir())


def test_subsets_are_listed_with_their_parameters(workplace, capsys):
    assert cli.main(["adapt", "--model", str(workplace / "model.safetensors"), "--tune-list"]) == 0
    told = capsys.readouterr().out
    assert [line.split(":")[0] for line in told.splitlines() if not line.startswith(" ")] == list(SUBSETS)
    assert "  generator/norm/style/kernel 3x8" in told
