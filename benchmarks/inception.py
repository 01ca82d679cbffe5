"""Times FID's Inception, with random weights: pictures per second from bytes to features, and the share of preparing them.

    python benchmarks/inception.py
    python benchmarks/inception.py --protocol clean --image_size 256 --batch_size 64

One batch per device after one that warms up; the load average is of the machine, before and after.
"""

import argparse
import os
import statistics
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from semgan.xla import prefer_fast_convolutions


def random_params() -> dict:
    """Kernels that keep the activations' scale, biases of zero."""
    import numpy as np

    from semgan.evaluation.extractors.inception import CLASSES, FEATURES
    from semgan.evaluation.extractors.inception_layers import convolutions

    rng, params = np.random.default_rng(0), {}
    for path, inputs, layer in convolutions():
        shape = (*layer.kernel, inputs, layer.features)
        kernel = rng.standard_normal(shape, np.float32) * np.sqrt(2 / np.prod(shape[:3])).astype(np.float32)
        params[path] = {"kernel": kernel, "bias": np.zeros(layer.features, np.float32)}
    fc = {"kernel": np.zeros((FEATURES, CLASSES["fid"]), np.float32), "bias": np.zeros(CLASSES["fid"], np.float32)}
    return params | {"fc": fc}


def main() -> None:
    """Prints one small table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--protocol", default="legacy", help="legacy, tensorflow1, clean or stargan-v2 (default %(default)s)")
    parser.add_argument("--image_size", type=int, default=299, help="pixels (default %(default)s)")
    parser.add_argument("--batch_size", type=int, default=8, help="pictures per device (default %(default)s)")
    parser.add_argument("--batches", type=int, default=5, help="timed batches (default %(default)s)")
    options = parser.parse_args()
    prefer_fast_convolutions()
    import jax
    import numpy as np

    from semgan.evaluation.extractors import protocols
    from semgan.evaluation.extractors.batches import replicate
    from semgan.evaluation.extractors.extractor import Extractor

    extractor = Extractor("random", "", options.protocol, replicate(random_params()), options.batch_size)
    count, size = options.batch_size * jax.local_device_count(), options.image_size
    images = np.random.default_rng(0).integers(0, 256, (count, size, size, 3), np.uint8)
    load, start = os.getloadavg()[0], time.perf_counter()
    extractor.features(images)
    warm = time.perf_counter() - start
    seconds, host = [], []
    for _ in range(options.batches):
        start = time.perf_counter()
        extractor.features(images)
        seconds.append(time.perf_counter() - start)
        start = time.perf_counter()
        protocols.on_host(protocols.find(options.protocol), images)
        host.append(time.perf_counter() - start)
    median = statistics.median(seconds)
    device = jax.devices()[0]
    print(f"{options.protocol}, {count} pictures of {size} px, {jax.local_device_count()} x {device.device_kind} ({device.platform})")
    print(f"images/s         {count / median:10.2f}   (median of {options.batches} batches, best {count / min(seconds):.2f})")
    print(f"on the host      {100 * statistics.median(host) / median:10.1f} %")
    print(f"first batch      {warm:10.1f} s   (compiling included)")
    print(f"load average     {load:10.2f} before, {os.getloadavg()[0]:.2f} after, {len(os.sched_getaffinity(0))} of {os.cpu_count()} cores")


if __name__ == "__main__":
    main()
