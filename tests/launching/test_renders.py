"""Job files: what they say word for word, and that each is one that its reader accepts."""

import json
import re
import shlex
import subprocess
from pathlib import Path

import jsonschema
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from semgan.launching.kubernetes import argument, quote
from tests.launching import jobs

HERE = Path(__file__).parent
SHELL = [name for name in jobs.RENDERS if not name.startswith("kubernetes")]
YAML = [name for name in jobs.RENDERS if name.startswith("kubernetes")]
SBATCH = set((HERE / "sbatch_options.txt").read_text().split())
"""The long options that sbatch's manual lists."""


@pytest.mark.parametrize("name", jobs.RENDERS)
def test_a_render_is_the_golden_file(name):
    assert jobs.RENDERS[name]() == (HERE / "golden" / f"{name}.txt").read_text(encoding="utf-8")


def test_every_golden_file_has_its_render():
    assert {path.stem for path in (HERE / "golden").glob("*.txt")} == set(jobs.RENDERS)


@pytest.mark.parametrize("name", SHELL)
def test_bash_reads_the_scripts(name):
    done = subprocess.run(["bash", "-n"], input=jobs.RENDERS[name](), text=True, capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("name", [name for name in SHELL if name.startswith("slurm")])
def test_every_directive_is_an_option_of_sbatch_and_stands_before_the_commands(name):
    lines = jobs.RENDERS[name]().splitlines()
    directives = [line for line in lines if line.startswith("#SBATCH")]
    assert lines[1 : len(directives) + 1] == directives
    for line in directives:
        option = re.fullmatch(r"#SBATCH --([a-z-]+)(=[\w.,:@-]+)?", line)
        assert option, line
        assert option[1] in SBATCH


@pytest.mark.parametrize("name", YAML)
def test_a_jobset_keeps_to_the_schema(name):
    schema = json.loads((HERE / "jobset_v1alpha2.json").read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(yaml.safe_load(jobs.RENDERS[name]()), schema)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("spec", "failurePolicy", "rules", 0, "action"), "Restart"),
        (("spec", "replicatedJobs", 0, "template", "spec", "parallelism"), "2"),
        (("spec", "replicatedJobs", 0, "template", "spec", "template", "spec", "containers", 0, "img"), "x"),
    ],
)
def test_the_schema_refuses_what_jobset_would_refuse(path, value):
    manifest = yaml.safe_load(jobs.on_kubernetes("gpu:8", 2))
    place = manifest
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(manifest, json.loads((HERE / "jobset_v1alpha2.json").read_text()))


def test_preemption_restarts_a_jobset_bad_input_ends_it_and_crashes_are_counted():
    spec = yaml.safe_load(jobs.on_kubernetes("gpu:8", 2))["spec"]
    policy = spec["failurePolicy"]

    def action(reason, message):
        """As the JobSet controller finds it: the first rule that matches, else a restart that counts."""
        for rule in policy["rules"]:
            patterns = rule.get("onJobFailureMessagePatterns", [""])
            if reason in rule["onJobFailureReasons"] and any(re.search(pattern, message) for pattern in patterns):
                return rule["action"]
        return "RestartJobSet"

    stopped = "Container train for pod default/faces-hosts-0-1-x2v failed with exit code {} matching FailJob rule at index 0"
    evicted = "Pod default/faces-hosts-0-1-x2v has condition DisruptionTarget matching FailJob rule at index 1"
    assert action("PodFailurePolicy", stopped.format(75)) == "RestartJobSetAndIgnoreMaxRestarts"
    assert action("PodFailurePolicy", evicted) == "RestartJobSetAndIgnoreMaxRestarts"
    assert action("PodFailurePolicy", stopped.format(2)) == "FailJobSet"
    assert action("BackoffLimitExceeded", "Job has reached the specified backoff limit") == "RestartJobSet"
    assert policy["maxRestarts"] > 0
    rules = spec["replicatedJobs"][0]["template"]["spec"]["podFailurePolicy"]["rules"]
    assert [rule["onExitCodes"]["values"] for rule in rules if "onExitCodes" in rule] == [[75], [2]]


def test_pods_are_told_of_one_another_by_names_that_jobset_gives_them():
    manifest = yaml.safe_load(jobs.on_kubernetes("gpu:8", 2))
    job = manifest["spec"]["replicatedJobs"][0]
    environment = {entry["name"]: entry.get("value") for entry in _container(manifest)["env"]}
    name = manifest["metadata"]["name"]
    assert environment["JAX_COORDINATOR_ADDRESS"] == f"{name}-{job['name']}-0-0.{name}:8476"
    assert environment["JAX_NUM_PROCESSES"] == str(job["template"]["spec"]["completions"])


@pytest.mark.parametrize("value", jobs.NASTY)
def test_an_override_reaches_the_command_as_it_was_written(value):
    override = f"--config.data.source={value}"
    assert override in _arguments_of("srun", jobs.on_slurm("gpu:8", 2, extra=[override]))
    assert override in _arguments_of("sudo docker", jobs.on_tpu_vm("tpu:v5e-16", extra=[override]))
    assert override in _container_arguments(jobs.on_kubernetes("gpu:8", 2, extra=[override]))


@settings(max_examples=50, deadline=None)
@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_any_text_comes_out_of_yaml_as_it_went_in(text):
    assert yaml.safe_load(f"[{quote(text)}]") == [text]
    assert _expand(yaml.safe_load(argument(text))) == text


def _container(manifest):
    return manifest["spec"]["replicatedJobs"][0]["template"]["spec"]["template"]["spec"]["containers"][0]


def _container_arguments(text):
    return [_expand(argument) for argument in _container(yaml.safe_load(text))["args"]]


def _expand(text):
    """As Kubernetes does: `$$` is a dollar sign, `$(NAME)` a variable's value."""
    return re.sub(r"\$(\$|\((\w+)\))", lambda found: "$" if found[1] == "$" else "EXPANDED", text)


def _arguments_of(command, script):
    """The words of the script's one command, as a shell divides it."""
    start = script.index(f"\n{command}" if command == "srun" else command)
    words = shlex.split(script[start:].split("\nstatus=" if command == "srun" else " || status=")[0])
    return words
