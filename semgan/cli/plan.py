"""`semgan plan`: predicts what training requires before it is launched."""

import argparse
import sys
from pathlib import Path
from typing import Any

from semgan.cli.arguments import add, positive, prepare_jax


def add_plan(commands: Any) -> None:
    """Adds the command."""
    plan = add(
        commands,
        "plan",
        _plan,
        "tell before training what it takes: parameters, memory, FLOPs, bytes all-reduced, step time and how it scales",
        "semgan plan --config configs/celeba_semgan.py:256 --devices 256 --hardware h100 --config.batch_size=4096",
    )
    plan.takes_overrides = True
    plan.add_argument("--config", required=True, metavar="FILE.py[:ARGUMENT]", help="the experiment; --config.KEY=VALUE overrides a value")
    plan.add_argument("--devices", type=positive, default=1, metavar="N", help="of all processes together (default: 1)")
    plan.add_argument("--hardware", metavar="NAME", help="a100, h100, h200, b200, v4, v5e, v5p, v6e or this (default: all but this)")
    plan.add_argument("--compile", action="store_true", help="compile the step here and take memory and bytes from XLA: minutes")
    plan.add_argument("--json", type=Path, metavar="FILE", help="file to write the plan to as well")


def _plan(args: argparse.Namespace) -> None:
    """Reads the config first, so that a mistake in it is reported before jax is imported."""
    from semgan import config as configs

    file = Path(args.config.partition(":")[0])
    sys.path.insert(0, str(file.resolve().parent.parent))  # configs import one another as configs.NAME
    config = configs.load(args.config, args.overrides)
    prepare_jax()
    from semgan.planning.plan import make_plan, write_plan
    from semgan.planning.plan_report import plan_text

    plan = make_plan(config, args.devices, args.hardware, args.compile)
    if args.json:
        write_plan(plan, args.json)
    print(plan_text(plan))
