"""Pictures: every domain is shown, cells pair contents with references, and each lands in its place."""

import numpy as np
from PIL import Image

from semgan.training import pictures

SIZE = 32
"""Enlarged three times."""


def plain(value):
    return np.full((SIZE, SIZE, 3), value, np.uint8)


def make_examples(contents=2, references=3):
    images = np.stack([plain(value) for value in range(20)])
    domain = np.array([0, 1, 0, 1, 0, 1, 0, 1, 0, 1])
    return pictures.choose_examples(images, np.arange(10) + 5, domain, contents, references)


def test_examples_take_the_domains_in_turn_and_no_picture_twice():
    examples = make_examples(contents=3, references=4)
    assert examples.reference_domain.tolist() == [0, 1, 0, 1]
    assert examples.content_domain.tolist() == [0, 1, 0]
    shown = [*examples.references[:, 0, 0, 0], *examples.contents[:, 0, 0, 0]]
    assert shown == [5, 6, 7, 8, 9, 10, 11]  # pictures of the rows, not of the cache


def test_few_pictures_are_shown_again_rather_than_missing():
    assert len(make_examples(contents=20, references=20).contents) == 20


def test_cells_pair_every_content_with_every_reference_and_a_column_shares_its_latent():
    batch = pictures.cells(make_examples())
    assert batch["image"][:, 0, 0, 0].tolist() == [9, 9, 9, 10, 10, 10]
    assert batch["domain"].tolist() == [0, 0, 0, 1, 1, 1]
    assert batch["reference"][:, 0, 0, 0].tolist() == [5, 6, 7, 5, 6, 7]
    assert batch["target_domain"].tolist() == [0, 1, 0, 0, 1, 0]
    assert batch["position"].tolist() == [0, 1, 2, 0, 1, 2]


def test_contents_are_down_references_across_and_translations_in_the_cells():
    examples = make_examples()
    samples = {name: np.stack([plain(first + i) for i in range(6)]) for name, first in (("latent", 200), ("reference", 100))}
    drawn = np.asarray(pictures.compose(examples, samples, ("zero", "a very long name of a domain")))
    pitch, left, top = 98, 16, 16 + 44

    def cell(row, column, block=0):
        """Its middle pixel; column -1 holds the contents."""
        start = left if column < 0 else left + pitch + 16 + block * (3 * pitch + 16) + column * pitch
        corner = drawn[top + row * pitch, start], drawn[top + row * pitch + 95, start + 95]
        assert (corner[0] == corner[1]).all()  # 96 pixels of it
        return drawn[top + row * pitch + 48, start + 48, 0]

    assert [cell(0, column) for column in range(3)] == [5, 6, 7]
    assert [cell(row, -1) for row in (1, 2)] == [9, 10]
    assert [cell(row, column) for row in (1, 2) for column in range(3)] == [100, 101, 102, 103, 104, 105]
    assert [cell(row, column, block=1) for row in (1, 2) for column in range(3)] == [200, 201, 202, 203, 204, 205]
    assert drawn.shape == (top + 3 * pitch + 16, left + pitch + 2 * (16 + 3 * pitch) + 16, 3)


def test_a_saved_picture_is_a_whole_png_and_nothing_else_is_left(tmp_path):
    path = tmp_path / "pictures" / pictures.file_name(20)
    pictures.save(path, Image.new("RGB", (3, 3), (1, 2, 3)))
    assert [file.name for file in path.parent.iterdir()] == ["00000020.png"]
    assert Image.open(path).getpixel((1, 1)) == (1, 2, 3)
