"""Times the training step of the official PyTorch StarGAN v2, a JSON line per batch size; a part of `gpu.py`.

    python benchmarks/gpu_peer.py PEER --batches 8,16,32          # PEER is a checkout of clovaai/stargan-v2

Its own networks and losses are called as its solver calls them, in its order and with the paper's weights, without the face branch
(`--w_hpf 0`), like `celeba_stargan_v2.py:256`; no line of it is here. Precision is PyTorch's default, which for convolutions on recent
GPUs is TF32. What the checkout imports for videos and figures alone is replaced where it is absent.
"""

import argparse
import importlib
import importlib.util
import json
import math
import sys
import time
from collections.abc import Callable
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any
from unittest.mock import MagicMock

NOT_NEEDED = ("cv2", "ffmpeg", "PIL", "skimage.filters", "torchvision.utils", "torchvision.datasets", "torchvision.models", "tqdm")
"""Modules of the checkout's imports that its training step does not use."""
SECONDS = 3.0
DOMAINS = 2


class Munch(dict):
    """A dict whose entries are attributes too, for where the `munch` package is absent."""

    __getattr__ = dict.__getitem__
    __setattr__ = dict.__setitem__  # pyright: ignore[reportAssignmentType]


def replace_absent() -> None:
    """Put stand-ins where an import finds them: for the checkout's own scores, and for packages that are absent."""
    absent = [name for name in NOT_NEEDED if importlib.util.find_spec(name.partition(".")[0]) is None]
    packages = {name.partition(".")[0] for name in absent}
    sys.modules.update({name: _stand_in(name) for name in ("metrics.eval", *packages, *absent)})
    if importlib.util.find_spec("munch") is None:
        sys.modules["munch"] = _stand_in("munch")
        sys.modules["munch"].Munch = Munch  # pyright: ignore[reportAttributeAccessIssue]


def _stand_in(name: str) -> ModuleType:
    """A module that has everything, and nothing behind it."""
    module = ModuleType(name)
    module.__spec__ = ModuleSpec(name, None)
    module.__getattr__ = lambda attribute: MagicMock()  # pyright: ignore[reportAttributeAccessIssue]
    return module


def official_step(image_size: int, batch: int) -> Callable[[], None]:
    """A function that takes one training step of the official code on noise."""
    torch, model, solver = (importlib.import_module(name) for name in ("torch", "core.model", "core.solver"))
    weights = {"lambda_reg": 1.0, "lambda_sty": 1.0, "lambda_ds": 1.0, "lambda_cyc": 1.0}
    arguments = SimpleNamespace(img_size=image_size, style_dim=64, latent_dim=16, num_domains=DOMAINS, w_hpf=0, **weights)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    networks, averages = model.build_model(arguments)
    for network in (*networks.values(), *averages.values()):
        network.to(device)
    rates = {"mapping_network": 1e-6}
    optimizers = {
        name: torch.optim.Adam(network.parameters(), lr=rates.get(name, 1e-4), betas=(0.0, 0.99), weight_decay=1e-4)
        for name, network in networks.items()
    }
    content, reference, other = (torch.rand(batch, 3, image_size, image_size, device=device) * 2 - 1 for _ in range(3))
    source, target = (torch.randint(0, DOMAINS, (batch,), device=device) for _ in range(2))
    z, z2 = (torch.randn(batch, 16, device=device) for _ in range(2))

    def update(loss: Any, *names: str) -> None:
        for optimizer in optimizers.values():
            optimizer.zero_grad()
        loss.backward()
        for name in names:
            optimizers[name].step()

    def step() -> None:
        inputs = (networks, arguments, content, source, target)
        update(solver.compute_d_loss(*inputs, z_trg=z)[0], "discriminator")
        update(solver.compute_d_loss(*inputs, x_ref=reference)[0], "discriminator")
        update(solver.compute_g_loss(*inputs, z_trgs=[z, z2])[0], "generator", "mapping_network", "style_encoder")
        update(solver.compute_g_loss(*inputs, x_refs=[reference, other])[0], "generator")
        for name, average in averages.items():
            solver.moving_average(networks[name], average)

    return step


def step_seconds(step: Callable[[], None]) -> float:
    """The best of three runs, after two steps to warm up."""
    torch = importlib.import_module("torch")

    def run(steps: int) -> float:
        start = time.perf_counter()
        for _ in range(steps):
            step()
        if torch.cuda.is_available():
            torch.cuda.synchronize()
        return time.perf_counter() - start

    run(1)
    steps = max(1, math.ceil(SECONDS / 3 / run(1)))
    return min(run(steps) / steps for _ in range(3))


def main() -> None:
    """Print a result per batch size."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkout", type=Path, help="of clovaai/stargan-v2")
    parser.add_argument("--batches", default="8,16,32", help="batch sizes (default 8,16,32)")
    parser.add_argument("--small", action="store_true", help="64 px and batches of 1 and 2")
    options = parser.parse_args()
    if importlib.util.find_spec("torch") is None:
        sys.exit("semgan: error: PyTorch is absent: install torch to time the official StarGAN v2, or leave --peer out")
    if not (options.checkout / "core" / "solver.py").is_file():
        sys.exit(f"semgan: error: {options.checkout} is not a checkout of clovaai/stargan-v2: it has no core/solver.py")
    sys.path.insert(0, str(options.checkout))
    replace_absent()
    torch = importlib.import_module("torch")
    size, batches = (64, "1,2") if options.small else (256, options.batches)
    for batch in map(int, batches.split(",")):
        what = {"what": f"clovaai/stargan-v2 at {size} px, PyTorch {torch.__version__}", "batch": batch}
        try:
            seconds = step_seconds(official_step(size, batch))
        except torch.OutOfMemoryError as error:
            print(json.dumps(what | {"result": f"FAILED: {str(error)[:200]}"}), flush=True)
            break
        memory = {"memory_gib": torch.cuda.max_memory_allocated() / 2**30} if torch.cuda.is_available() else {}
        result = {"images_per_second": batch / seconds, "result": f"{1000 * seconds:.3g} ms per step", **memory}
        print(json.dumps(what | result), flush=True)


if __name__ == "__main__":
    main()
