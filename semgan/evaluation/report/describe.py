"""Descriptions of the data and the judge behind a report's figures."""

from typing import Any

from semgan.data.dataset import Dataset
from semgan.evaluation.judge.judge import Judge


def describe_dataset(dataset: Dataset) -> dict[str, Any]:
    """`name`, `split`, `domains`, `image_size`, `count` (pictures of the split), `fingerprint`; JSON-able."""
    return {
        "name": dataset.name,
        "split": dataset.split,
        "domains": list(dataset.domains),
        "image_size": dataset.images.shape[1],
        "count": len(dataset.rows),
        "fingerprint": dataset.fingerprint,
    }


def describe_judge(judge: Judge) -> dict[str, Any]:
    """`name`, `channels`, `accuracy`; JSON-able."""
    return {"name": judge.name, "channels": judge.heads.channels, "accuracy": judge.accuracy}
