"""Several processes of one toy run on this machine, as the hosts of a pod are: `with Pod(2, source, workdir) as pod: pod.wait()`.

    python -m tests.training.pod SOURCE WORKDIR NUMBER COUNT PORT [KEY=VALUE ...]

starts one of them. Keys: those of the config, and `devices` of each process (1).
"""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

HEARTBEAT = 10
ROOT = Path(__file__).parents[2]


class Pod:
    """Processes that train the toy together; left ones are killed at the end.

    `places` are their current folders, from which a relative `source` is each one's own.
    """

    def __init__(self, count, source, workdir, places=None, **changes):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = str(probe.getsockname()[1])
        settings = [f"{key}={value}" for key, value in changes.items()]
        flags = [flag for flag in os.environ["XLA_FLAGS"].split() if "device_count" not in flag]
        flags.append(f"--xla_force_host_platform_device_count={changes.get('devices', 1)}")
        self.processes = []
        for number in range(count):
            given = [str(source), str(workdir), str(number), str(count), port, *settings]
            environment = os.environ | {"XLA_FLAGS": " ".join(flags), "PYTHONPATH": str(ROOT)}
            self.processes.append(
                subprocess.Popen(
                    [sys.executable, "-m", "tests.training.pod", *given],
                    cwd=places[number] if places else ROOT,
                    env=environment,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.STDOUT,
                    text=True,
                )
            )

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for process in self.processes:
            with process:  # closes its pipe
                process.kill()

    def when(self, path, act, seconds=120):
        """Waits until there is such a file or folder, and then acts."""
        end = time.monotonic() + seconds
        while not Path(path).exists():
            assert time.monotonic() < end, f"{path} did not come"
            time.sleep(0.01)
        act()

    def kill(self, number):
        self.processes[number].kill()

    def terminate(self, number):
        self.processes[number].send_signal(signal.SIGTERM)

    def wait(self, seconds=180):
        """The exit statuses and what the processes said."""
        end = time.monotonic() + seconds
        said = [process.communicate(timeout=max(end - time.monotonic(), 1))[0] for process in self.processes]
        return [process.returncode for process in self.processes], said


def score(job, model):
    """Scores fall from step to step; the judge would take its time."""
    from semgan.training import scoring

    value = 1 / model.meta["step"]
    report = {"transfer_score": value, "retention": value, "adoption": value, "notes": []}
    return scoring.Scores(report, {"transfer_score": value})


def main(source, workdir, number, count, port, *settings):
    """Trains as one process of several; the exit status is that of launch.py."""
    import jax

    jax.distributed.initialize(
        f"127.0.0.1:{port}",
        int(count),
        int(number),
        initialization_timeout=120,
        heartbeat_timeout_seconds=HEARTBEAT,
        shutdown_timeout_seconds=HEARTBEAT,
    )
    from semgan import algorithms
    from semgan.errors import EXIT_PREEMPTED, EXIT_USER_ERROR, UserError
    from semgan.training import loop, scoring
    from tests.training import toy

    algorithms.make = toy.make
    scoring.score = score
    config = toy.make_config(Path(source))
    for setting in settings:
        key, value = setting.split("=")
        if key != "devices":
            config[key] = type(config[key])(float(value))
    try:
        return EXIT_PREEMPTED if loop.train(config, workdir).stopped == "signal" else 0
    except UserError as error:
        print(f"semgan: error: {error}", file=sys.stderr)
        return EXIT_USER_ERROR


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
