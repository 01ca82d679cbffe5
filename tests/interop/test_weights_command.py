"""`semgan import` and `export`: files to snapshots and back, and what bad input is told."""

import numpy as np
import pytest
from PIL import Image

from semgan import cli
from semgan.interop.weights_command import FORMATS, LAYOUTS, format_of
from semgan.torch_files import reader, writer
from tests.interop import official_translation as official


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """A U-Net's file, and a folder with the four networks of a CycleGAN."""
    folder = tmp_path_factory.mktemp("weights")
    writer.write(folder / "latest_net_G.pth", official.draw(official.unet(2, 5)))
    both = folder / "both"
    for seed, name in enumerate(("G_A", "G_B", "D_A", "D_B")):
        shapes = official.resnet(4, 6) if name.startswith("G") else official.patchgan(3, 4)
        writer.write(both / f"latest_net_{name}.pth", official.draw(shapes, seed))
    (both / "opt.txt").write_text("--netG resnet_6blocks")
    return folder


def run(*arguments):
    return cli.main([str(argument) for argument in arguments])


def refused(capsys, *arguments):
    assert run(*arguments) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    return err


def test_every_format_has_its_reader_and_every_layout_is_a_format():
    assert all(callable(format_of(name).read) for name in FORMATS)
    assert set(LAYOUTS.values()) <= set(FORMATS)


def test_a_file_becomes_a_model_that_translates_and_the_same_file_again(files, tmp_path, capsys):
    weights, snapshot, back = files / "latest_net_G.pth", tmp_path / "new" / "model.safetensors", tmp_path / "back.pth"
    assert run("import", "pix2pix", weights, "--domains", "map, photo", "--out", snapshot) == 0
    assert "pix2pix at 32 px, for translations between map, photo" in capsys.readouterr().out
    picture, translated = tmp_path / "a.png", tmp_path / "b.png"
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (32, 32, 3), np.uint8)).save(picture)
    assert run("translate", "--model", snapshot, "--content", picture, "--out", translated) == 0
    with Image.open(translated) as image:
        assert image.size == (32, 32)
    assert run("export", "--model", snapshot, "--format", "pytorch", "--out", back) == 0
    before, after = reader.read(weights), reader.read(back)
    after = after.get("G", after)
    assert set(after) == set(before)
    for name, tensor in before.items():
        if not name.endswith(("running_mean", "running_var", "num_batches_tracked")):
            np.testing.assert_array_equal(after[name], tensor, err_msg=name)


def test_a_folder_becomes_one_model_of_all_its_networks(files, tmp_path, capsys):
    snapshot = tmp_path / "model.safetensors"
    assert run("import", "cyclegan", files / "both", "--out", snapshot) == 0
    assert "cyclegan at 256 px, for translations between A, B" in capsys.readouterr().out
    assert run("export", "--model", snapshot, "--format", "pytorch", "--out", tmp_path / "back.pth") == 0
    assert set(reader.read(tmp_path / "back.pth")) == {"G_A", "G_B", "D_A", "D_B"}


def test_bad_input_is_one_sentence_and_leaves_nothing(files, tmp_path, capsys):
    out, weights = tmp_path / "out.safetensors", files / "latest_net_G.pth"
    assert "did you mean stargan-v2?" in refused(capsys, "import", "stargan_v2", weights, "--out", out)
    assert "latest_net_G.pth" in refused(capsys, "import", "stylegan2", weights, "--out", out)
    assert "none.pth does not exist" in refused(capsys, "import", "cut", tmp_path / "none.pth", "--out", out)
    assert "holds no latest_net_NAME.pth" in refused(capsys, "import", "cyclegan", tmp_path, "--out", out)
    assert "no 2 different names" in refused(capsys, "import", "pix2pix", weights, "--domains", "a,a", "--out", out)
    assert "is a folder" in refused(capsys, "import", "pix2pix", weights, "--out", tmp_path)
    assert not out.exists()


def test_what_has_no_layout_of_others_is_not_exported(files, tmp_path, capsys):
    snapshot, out = tmp_path / "model.safetensors", tmp_path / "out.pth"
    run("import", "pix2pix", files / "latest_net_G.pth", "--out", snapshot)
    capsys.readouterr()
    told = refused(capsys, "export", "--model", snapshot, "--format", "pytorch", "--layout", "progan", "--out", out)
    assert "pix2pix" in told
    assert "is not a format" in refused(capsys, "export", "--model", snapshot, "--format", "pytorch", "--layout", "x", "--out", out)
    assert not out.exists()
