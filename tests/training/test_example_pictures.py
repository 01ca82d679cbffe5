"""Pictures: every domain is shown, each kind of sample has its layout, and each cell lands in its place."""

import numpy as np
import pytest
from PIL import Image

from semgan.data.dataset import Dataset
from semgan.training import example_pictures, grids

SIZE = 32
"""Enlarged three times."""
PITCH = 98
DOMAINS = ("zero", "a very long name of a domain")


def plain(value):
    return np.full((SIZE, SIZE, 3), value, np.uint8)


def dataset_of(images, rows, domain, **annotations):
    return Dataset("folder", "test", images, rows, domain, DOMAINS, annotations, {}, "00")


def make_examples(contents=2, references=3, targets=None, inputs=(), **annotations):
    images = np.stack([plain(value) for value in range(20)])
    domain = np.array([0, 1, 0, 1, 0, 1, 0, 1, 0, 1])
    return example_pictures.choose_examples(
        dataset_of(images, np.arange(10) + 5, domain, **annotations), contents, references, targets, dict.fromkeys(inputs, ())
    )


class Sampler:
    """Paints example number i of a call in the grey `first + i`; remembers what it was asked for."""

    def __init__(self, *kinds, first=100):
        self.kinds, self.first, self.asked = kinds, first, []

    def __call__(self, batch):
        self.asked.append(batch)
        count = len(batch["position"])
        return {name: np.stack([plain(self.first + 60 * k + i) for i in range(count)]) for k, name in enumerate(self.kinds)}


def drawn(examples, sampler, caption=""):
    return np.asarray(example_pictures.picture(examples, sampler, DOMAINS, frozenset(sampler.kinds), caption))


def value_at(sheet, left, top):
    """The grey of the cell whose corner is there: 96 pixels of it."""
    assert (sheet[top, left] == sheet[top + 95, left + 95]).all()
    return int(sheet[top + 48, left + 48, 0])


def test_examples_take_the_domains_in_turn_and_no_picture_twice():
    examples = make_examples(contents=3, references=4)
    assert examples.reference_domain.tolist() == [0, 1, 0, 1]
    assert examples.content_domain.tolist() == [0, 1, 0]
    assert examples.target_domain.tolist() == [1, 0, 1]
    shown = [*examples.references[:, 0, 0, 0], *examples.contents[:, 0, 0, 0]]
    assert shown == [5, 6, 7, 8, 9, 10, 11]  # pictures of the rows, not of the cache


def test_few_pictures_are_shown_again_rather_than_missing():
    assert len(make_examples(contents=20, references=20).contents) == 20


def test_only_contents_that_can_be_translated_are_shown_where_targets_are_few():
    examples = make_examples(contents=4, references=2, targets=(1,))
    assert examples.content_domain.tolist() == [0, 0, 0, 0]
    assert examples.target_domain.tolist() == [1, 1, 1, 1]
    assert examples.reference_domain.tolist() == [1, 1]
    assert examples.contents[:, 0, 0, 0].tolist() == [5, 7, 9, 11]


def test_the_target_is_the_next_domain_that_is_allowed():
    domain = np.arange(12) % 4
    examples = example_pictures.choose_examples(
        dataset_of(np.stack([plain(v) for v in range(12)]), np.arange(12), domain), 4, 2, targets=(1, 3)
    )
    assert examples.content_domain.tolist() == [0, 1, 2, 3]
    assert examples.target_domain.tolist() == [1, 3, 3, 1]


def test_a_single_domain_has_examples_too():
    examples = example_pictures.choose_examples(dataset_of(np.stack([plain(v) for v in range(6)]), np.arange(6), np.zeros(6, int)), 3, 3)
    assert examples.references[:, 0, 0, 0].tolist() == [0, 1, 2]
    assert examples.contents[:, 0, 0, 0].tolist() == [3, 4, 5]


def test_guided_cells_pair_every_content_with_every_reference_and_a_column_shares_its_latent():
    batch = grids.guided_cells(make_examples())
    assert batch["image"][:, 0, 0, 0].tolist() == [9, 9, 9, 10, 10, 10]
    assert batch["domain"].tolist() == [0, 0, 0, 1, 1, 1]
    assert batch["reference"][:, 0, 0, 0].tolist() == [5, 6, 7, 5, 6, 7]
    assert batch["target_domain"].tolist() == [0, 1, 0, 0, 1, 0]
    assert batch["position"].tolist() == [0, 1, 2, 0, 1, 2]


def test_every_cell_has_its_own_contents_inputs_whatever_is_sampled():
    masks = np.arange(20, dtype=np.uint8)[:, None, None] * np.ones((1, SIZE, SIZE), np.uint8)
    examples = make_examples(contents=4, references=4, inputs=("mask",), mask=masks, category=np.arange(20))
    for kinds in (("reference", "latent"), ("translated",), ("sample",)):
        sampler = Sampler(*kinds)
        drawn(examples, sampler)
        (batch,) = sampler.asked
        assert "category" not in batch
        contents = batch["image"][:, 0, 0, 0] if "image" in batch else 9 + batch["position"] % 4  # contents 9 to 12 in turn
        np.testing.assert_array_equal(batch["mask"][:, 0, 0], contents)


def test_contents_are_down_references_across_and_translations_in_the_cells():
    sheet = drawn(make_examples(), Sampler("reference", "latent"))
    left, top = 16, 16 + 44

    def cell(row, column, block=0):
        """Column -1 holds the contents."""
        start = left if column < 0 else left + PITCH + 16 + block * (3 * PITCH + 16) + column * PITCH
        return value_at(sheet, start, top + row * PITCH)

    assert [cell(0, column) for column in range(3)] == [5, 6, 7]
    assert [cell(row, -1) for row in (1, 2)] == [9, 10]
    assert [cell(row, column) for row in (1, 2) for column in range(3)] == [100, 101, 102, 103, 104, 105]
    assert [cell(row, column, block=1) for row in (1, 2) for column in range(3)] == [160, 161, 162, 163, 164, 165]
    assert sheet.shape == (top + 3 * PITCH + 16, left + PITCH + 2 * (16 + 3 * PITCH) + 16, 3)


def test_translations_stand_beside_their_contents():
    sampler = Sampler("translated")
    sheet = drawn(make_examples(), sampler)
    top, row = 16 + 22 + 22, PITCH + 22
    assert [value_at(sheet, 16, top + i * row) for i in range(2)] == [9, 10]
    assert [value_at(sheet, 16 + PITCH, top + i * row) for i in range(2)] == [100, 101]
    assert sampler.asked[0]["domain"].tolist() == [0, 1]
    assert sampler.asked[0]["target_domain"].tolist() == [1, 0]
    assert set(sampler.asked[0]) == set(grids.guided_cells(make_examples()))


def test_many_translations_go_on_in_blocks_beside():
    sheet = drawn(make_examples(contents=10), Sampler("translated"))
    top, row = 16 + 22 + 22, PITCH + 22
    assert [value_at(sheet, 16 + block * (2 * PITCH + 16) + PITCH, top) for block in range(3)] == [100, 104, 108]
    assert sheet.shape[:2] == (16 + 22 + 4 * row + 16, 16 + 3 * (2 * PITCH + 16))


def test_real_pictures_stand_beside_samples_over_strips_between_latents():
    sampler = Sampler("sample")
    sheet = drawn(make_examples(contents=4, references=4), sampler)
    top, right = 16 + 22, 16 + 4 * PITCH + 16
    below = top + 2 * PITCH + 22
    assert [value_at(sheet, 16 + c * PITCH, top + r * PITCH) for r in range(2) for c in range(4)] == list(range(5, 13))
    assert [value_at(sheet, right + c * PITCH, top + r * PITCH) for r in range(2) for c in range(8)] == list(range(100, 116))
    assert [value_at(sheet, right + c * PITCH, below + r * PITCH) for r in range(3) for c in range(8)] == list(range(116, 140))
    assert len(sampler.asked) == 1


def test_samples_have_latents_of_their_own_and_a_strip_leads_from_one_to_another():
    batch = grids.drawn_cells(16)
    assert batch["position"][:16].tolist() == batch["position_to"][:16].tolist() == list(range(16))
    assert not batch["mix"][:16].any()
    strips = {name: values[16:].reshape(3, 8) for name, values in batch.items()}
    assert strips["position"].tolist() == [[16] * 8, [18] * 8, [20] * 8]
    assert strips["position_to"].tolist() == [[17] * 8, [19] * 8, [21] * 8]
    np.testing.assert_allclose(strips["mix"], [np.arange(8) / 7] * 3, rtol=1e-6)
    assert {name: values.dtype.name for name, values in batch.items()} == {"position": "int32", "position_to": "int32", "mix": "float32"}


@pytest.mark.parametrize("kinds", [("reference", "latent"), ("latent",), ("translated",), ("sample",)])
def test_a_caption_is_a_line_over_the_rest(kinds):
    without = drawn(make_examples(), Sampler(*kinds))
    captioned = drawn(make_examples(), Sampler(*kinds), "16 px, fading in at 0.40")
    np.testing.assert_array_equal(captioned[22 + 16 :], without[16:])
    assert (captioned[:38] != captioned[0, 0]).any()


def test_a_saved_picture_is_a_whole_png_and_nothing_else_is_left(tmp_path):
    path = tmp_path / "pictures" / example_pictures.file_name(20)
    example_pictures.save(path, Image.new("RGB", (3, 3), (1, 2, 3)))
    assert [file.name for file in path.parent.iterdir()] == ["00000020.png"]
    assert Image.open(path).getpixel((1, 1)) == (1, 2, 3)
