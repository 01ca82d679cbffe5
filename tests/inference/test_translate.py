from pathlib import Path

import numpy as np
import pytest

from semgan import cli
from semgan.errors import UserError
from semgan.inference import translate
from semgan.inference.translate import plan, translate_files
from semgan.pictures.read import read


@pytest.fixture
def loaded(model, monkeypatch):
    """The model that is compiled already; the tests of `load` and of the command go without."""
    monkeypatch.setattr(translate, "load", lambda _: model)


def test_file_is_translated_and_the_guess_said(loaded, snapshot, model, picture, tmp_path, capsys):
    content, reference, out = picture("c.jpg"), picture("r.png", domain="dark"), tmp_path / "new" / "out.png"
    assert translate_files(snapshot, content, out, references=[reference]) == 0
    np.testing.assert_array_equal(read(out), model.translate(content, reference))
    assert capsys.readouterr().out.splitlines() == [
        f"{reference} is taken for 'dark'; --domain says otherwise",
        f"wrote {out}",
    ]


def test_content_guess_is_said_where_it_counts(loaded, snapshot, model, picture, tmp_path, capsys):
    content, reference, out = picture("c.jpg"), picture("r.png", domain="dark"), tmp_path / "out.png"
    translate_files(snapshot, content, out, references=[reference], domain="dark", strength=0.5)
    np.testing.assert_array_equal(read(out), model.translate(content, reference, strength=0.5))
    assert f"wrote {out} ({content} is taken for 'bright'; --content-domain says otherwise)" in capsys.readouterr().out


def test_latent_needs_no_reference(loaded, snapshot, model, picture, tmp_path):
    content, out = picture("c.png"), tmp_path / "out.png"
    translate_files(snapshot, content, out, latent_seed=3, domain="dark")
    np.testing.assert_array_equal(read(out), model.translate(content, latent_seed=3, domain="dark"))


def test_folder_is_done_but_for_unreadable_files_which_are_listed(loaded, snapshot, picture, tmp_path, capsys):
    picture("in/a.jpg")
    picture("in/b.png", 16, 16, domain="dark")
    (tmp_path / "in" / "empty.jpg").touch()
    (tmp_path / "in" / "text.png").write_text("not a picture")
    (tmp_path / "in" / "notes.txt").write_text("left alone")
    reference, out = picture("r.png", domain="dark"), tmp_path / "out"
    status = translate_files(snapshot, tmp_path / "in", out, references=[reference], strength=0.5)
    assert status == 2
    assert sorted(path.name for path in out.iterdir()) == ["a.png", "b.png"]
    assert read(out / "a.png").shape == (20, 30, 3)
    said = capsys.readouterr()
    assert f"wrote 2 of 4 pictures to {out}" in said.out
    assert "1 for 'bright', 1 for 'dark'" in said.out
    assert said.err.count("semgan: left out: ") == 2
    assert "empty.jpg" in said.err
    assert "text.png" in said.err
    assert "Traceback" not in said.err


def test_folder_of_good_pictures_exits_with_0(loaded, snapshot, picture, tmp_path):
    picture("in/a.jpg", 16, 16)
    assert translate_files(snapshot, tmp_path / "in", tmp_path / "out", latent_seed=0, domain="dark") == 0


def test_what_concerns_all_pictures_stops_a_folder_at_once(loaded, snapshot, picture, tmp_path):
    picture("in/a.jpg")
    with pytest.raises(UserError, match="no domain 'drak'"):
        translate_files(snapshot, tmp_path / "in", tmp_path / "out", latent_seed=0, domain="drak")
    assert not (tmp_path / "out").exists()


def test_names_are_kept_and_never_fall_together(picture, tmp_path):
    contents = [picture(f"in/{name}") for name in ("a.jpg", "a.png", "b.jpg")]
    jobs = plan(tmp_path / "in", tmp_path / "out")
    assert [path.name for path in jobs.values()] == ["a.jpg.png", "a.png.png", "b.png"]
    assert list(jobs) == contents


def test_file_into_an_existing_folder_keeps_its_name(picture, tmp_path):
    content = picture("a.jpg")
    (tmp_path / "out").mkdir()
    assert plan(content, tmp_path / "out") == {content: tmp_path / "out" / "a.png"}


def test_inputs_are_never_overwritten(picture, tmp_path):
    content, reference = picture("in/a.png"), picture("r.png")
    for out in (content, reference, tmp_path / "in", tmp_path / "in" / ".." / "r.png"):
        with pytest.raises(UserError, match="is an input and would be overwritten"):
            plan(content, out, [reference])
    with pytest.raises(UserError, match="would be overwritten"):
        plan(tmp_path / "in", tmp_path / "in")


def test_bad_paths_are_clean_errors_before_anything_is_loaded(picture, tmp_path):
    content = picture("in/a.jpg")
    for arguments, message in [
        ((tmp_path / "missing.jpg", tmp_path / "o.png"), "does not exist: give --content a picture"),
        ((content, tmp_path / "o.txt"), r"o\.txt: \.txt is not a picture format"),
        ((content, tmp_path / "o"), "no suffix is not a picture format"),
        ((tmp_path / "in", content), "is a file, but .* is a folder"),
    ]:
        with pytest.raises(UserError, match=message):
            translate_files(tmp_path / "no.safetensors", *arguments, latent_seed=0)


@pytest.fixture
def own_environment(monkeypatch):
    for name in ("JAX_COMPILATION_CACHE_DIR", "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS"):
        monkeypatch.setenv(name, "0")  # what the command would set, taken back after the test


@pytest.mark.usefixtures("own_environment")
def test_command_passes_everything_on(snapshot, model, picture, tmp_path):
    content, reference, out = picture("c.png"), picture("r.png", domain="dark"), tmp_path / "out.png"
    paths = ["--model", snapshot, "--content", content, "--reference", reference, "--out", out]
    options = ["--domain", "bright", "--content-domain", "dark", "--strength", 0.25]
    assert cli.main([str(argument) for argument in ["translate", *paths, *options]]) == 0
    expected = model.translate(content, reference, domain="bright", content_domain="dark", strength=0.25)
    np.testing.assert_array_equal(read(out), expected)


@pytest.fixture
def command(parts_snapshot, parts_model, own_environment, monkeypatch, capsys):
    """`command(arguments...)` runs `semgan translate` with the model that tells parts: its status, and what it says in lines."""
    monkeypatch.setattr(translate, "load", lambda _: parts_model)

    def run(*arguments):
        try:
            status = cli.main(["translate", "--model", str(parts_snapshot), *map(str, arguments)])
        except SystemExit as stop:
            status = stop.code
        said = capsys.readouterr()
        return status, (said.out + said.err).splitlines()

    return run


def test_folders_and_files_of_references_give_their_mean(command, parts_model, picture, tmp_path):
    content, out = picture("c.png"), tmp_path / "out.png"
    references = [picture("a.png", seed=1), picture("more/b.png", seed=2), picture("more/c.png", seed=3)]
    status, said = command("--content", content, "--reference", references[0], tmp_path / "more", "--out", out)
    taken = f"{tmp_path / 'more'}: 2 pictures taken, 0 files left out"
    assert (status, said) == (0, [f"{references[0]} and 2 more are taken for 'bright'; --domain says otherwise", f"wrote {out}", taken])
    np.testing.assert_array_equal(read(out), parts_model.translate(content, references))


def test_a_folder_is_translated_by_a_recipe_with_regions(command, parts_model, picture, tmp_path):
    contents, hair = [picture("in/a.png", seed=1), picture("in/b.png", seed=2)], picture("hair.png", domain="dark")
    asked = ("--content", tmp_path / "in", "--out", tmp_path / "out", "--strength", 0.5)
    status, said = command(*asked, "--style", "~Blond_Hair,dark", "--region", f"hair={hair}")
    assert status == 0
    assert f"wrote 2 of 2 pictures to {tmp_path / 'out'}" in said
    for content in contents:
        expected = parts_model.translate(content, style="dark,~Blond_Hair", regions={"hair": hair}, strength=0.5)
        written = read(tmp_path / "out" / content.name).astype(int)
        np.testing.assert_allclose(written, expected.astype(int), atol=1)  # a batch of two is another program than one of one


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--region", "hair"], "'hair' is not NAME=FILE, such as hair=reference.png"),
        (["--region", "hair=c.png", "--region", "hair=d.png"], "--region names 'hair' twice: give each region one picture"),
        (["--region", "hair=nowhere.png"], "nowhere.png: cannot be read"),
        (["--region", "haire=nowhere.png"], "did you mean 'hair'"),
        (["--style", "dark,Smiling"], "Smiling belongs to the content of this model"),
        (["--style", "dark", "--latent-seed", 1], "not allowed with"),
        (["--reference"], "expected at least one argument"),
    ],
)
def test_what_cannot_be_done_is_one_line(command, picture, tmp_path, arguments, message):
    status, said = command("--content", picture("c.png"), "--out", tmp_path / "out.png", *arguments)
    assert status == 2
    assert len(said) == 1
    assert said[0].startswith("semgan: error: ")
    assert message in said[0]


def test_pictures_of_regions_and_references_are_never_overwritten(command, picture, tmp_path):
    content, other = picture("c.png"), picture("more/a.png")
    for style in (["--region", f"hair={other}"], ["--reference", tmp_path / "more"]):
        status, said = command("--content", content, "--out", other, *style)
        assert status == 2
        assert f"{other} is an input and would be overwritten" in said[-1]


def test_no_two_contents_have_one_result():
    names = ["a.jpg", "a.webp", "a.jpg.gif", "b.JPG", "B.png", "c.png", "deep/c.png"]
    contents = [Path("in", name) for name in names]
    results = [path.as_posix() for path in translate._named_in(Path("out"), Path("in"), contents, False).values()]
    assert results == [
        *("out/a.jpg.png", "out/a.webp.png", "out/a.jpg.gif.png", "out/b.JPG.png", "out/B.png.png", "out/c.png", "out/deep/c.png"),
    ]
