"""`semgan evaluate`: how well a snapshot translates, or draws, on the held-out part of a dataset."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from semgan.data.dataset import Dataset, open_dataset
from semgan.errors import UserError
from semgan.evaluation.judge import Judge, load_or_train
from semgan.evaluation.report import check_writable, report_text, write_report
from semgan.evaluation.samples import evaluate_samples, sample_text
from semgan.evaluation.semantics import evaluate

_SAMPLES = 1000  # for models whose config does not say


def evaluate_snapshot(
    model_path: str | Path, out: str | Path, *, data_dir: str = "", pairs: int = 0, seed: int = 0, into: str = ""
) -> dict[str, Any]:
    """Evaluates the snapshot, writes the report to `out` as JSON and prints it in short.

    Args:
      data_dir: folder of the user's files, where it is not (any more) the one that the model was trained on.
      pairs: how many held-out pairs, or samples of a model that draws from noise; 0: as many as the model's config says.
      seed: of the pairs and of the latents.
      into: the one domain to translate into; all that the model can when empty.
    """
    from semgan.inference.load import load  # here: all else in evaluation does without inference

    check_writable(Path(out))
    model = load(model_path)
    train, test = open_splits(model.config, data_dir)
    if list(test.domains) != list(model.meta["domains"]):
        raise UserError(
            f"{model_path} translates between {', '.join(model.meta['domains'])}, but the data has {', '.join(test.domains)}: "
            "give the same domains with --data"
        )
    judge = open_judge(train, test, model.config["judge"])
    if "sample" in model.kinds:
        count = pairs or model.config["judge"].get("samples", _SAMPLES)
        report = evaluate_samples(model.sample(count, seed), judge, train, test)
        text = sample_text(report)
    else:
        report = _transfer(model, judge, test, pairs or model.config["judge"]["pairs"], seed, into)
        text = report_text(report)
    report["model"] = str(model_path)
    write_report(Path(out), report)
    print(text)
    return report


def _transfer(model: Any, judge: Judge, test: Dataset, pairs: int, seed: int, into: str) -> dict[str, Any]:
    def from_latent(batch: dict[str, np.ndarray], style: int) -> np.ndarray:
        return model.translate_batch(batch, latent_seed=style % 2**32)

    return evaluate(
        model.translate_batch,
        judge,
        test,
        pairs=pairs,
        seed=seed,
        targets=(model.target_index(into),) if into else model.algorithm.targets,
        translate_latent=from_latent if "latent" in model.kinds else None,
    )


def open_splits(config: Mapping[str, Any], source: str = "") -> tuple[Dataset, Dataset]:
    """The train and test splits of the data that a config names; `source` replaces the config's folder."""
    data = config["data"]
    pairing = data.get("pairing", "any")

    def open_split(split: str) -> Dataset:
        return open_dataset(
            data["name"],
            split=split,
            image_size=config["image_size"],
            source=source or data["source"],
            domains=tuple(data["domains"]),
            count=data[f"{split}_count"],
            least_domains=1 if pairing == "none" else 2,
            paired=pairing == "paired",
        )

    return open_split("train"), open_split("test")


def open_judge(train: Dataset, test: Dataset, settings: Mapping[str, Any]) -> Judge:
    """The judge that a config's `judge` block describes, trained at first use."""
    return load_or_train(train, test, channels=settings["channels"], steps=settings["steps"], batch_size=settings["batch_size"])
