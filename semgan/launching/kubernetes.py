"""A JobSet for Kubernetes: one pod per host, all restarted together when one of them stops before its end.

GPU pods find one another by environment variables, which needs neither rights in the cluster nor JAX's `k8s` extra; on
TPU node pools GKE configures JAX itself.
"""

from semgan.errors import EXIT_PREEMPTED, EXIT_USER_ERROR
from semgan.launching.launch_job import SAVING_SECONDS, LaunchJob, image, volume

_PORT = 8476
_CRASHES = 3
_HEAD = """\
apiVersion: jobset.x-k8s.io/v1alpha2
kind: JobSet
metadata:
  name: {name}
{annotations}spec:
  failurePolicy:
    maxRestarts: {crashes}  # after crashes; preemptions do not count
    rules:
    - name: preempted
      action: RestartJobSetAndIgnoreMaxRestarts
      onJobFailureReasons: ["PodFailurePolicy"]
      onJobFailureMessagePatterns: ["exit code {preempted} ", "condition DisruptionTarget "]
    - name: badInput
      action: FailJobSet
      onJobFailureReasons: ["PodFailurePolicy"]
  replicatedJobs:
  - name: hosts
    replicas: 1
    template:
      spec:
        completionMode: Indexed
        completions: {hosts}
        parallelism: {hosts}
        backoffLimit: 0
        podFailurePolicy:
          rules:
          - action: FailJob
            onExitCodes: {{containerName: train, operator: In, values: [{preempted}]}}
          - action: FailJob
            onPodConditions: [{{type: DisruptionTarget, status: "True"}}]
          - action: FailJob
            onExitCodes: {{containerName: train, operator: In, values: [{user_error}]}}
        template:
          spec:
            restartPolicy: Never
            terminationGracePeriodSeconds: {saving}
{pool}            containers:
            - name: train
              image: {image}
              command: ["python", "launch.py"]
              args:
{arguments}
{environment}{limits}              volumeMounts:
              - {{name: runs, mountPath: {folder}}}
              - {{name: shared-memory, mountPath: /dev/shm}}
            volumes:
            - name: runs
              persistentVolumeClaim: {{claimName: {claim}}}
            - name: shared-memory
              emptyDir: {{medium: Memory}}
"""
_ONE_SLICE = """\
  annotations:
    alpha.jobset.sigs.k8s.io/exclusive-topology: cloud.google.com/gke-nodepool  # all pods in one slice
"""
_POOL = """\
            nodeSelector:
              cloud.google.com/gke-tpu-accelerator: {pool}
              cloud.google.com/gke-tpu-topology: {topology}
"""
_ENVIRONMENT = """\
              env:
              - {{name: JAX_COORDINATOR_ADDRESS, value: "{name}-hosts-0-0.{name}:{port}"}}
              - {{name: JAX_NUM_PROCESSES, value: "{hosts}"}}
              - name: JAX_PROCESS_ID
                valueFrom: {{fieldRef: {{fieldPath: "metadata.annotations['batch.kubernetes.io/job-completion-index']"}}}}
"""
_LIMITS = """\
              resources:
                limits: {{{resource}: {devices}}}
"""
_RESOURCES = {"gpu": "nvidia.com/gpu", "tpu": "google.com/tpu"}


def render(job: LaunchJob) -> str:
    """The file for `kubectl apply`."""
    hosts, tpu, kind = job.accelerator.hosts, job.accelerator.tpu, job.accelerator.kind
    claim, folder = volume(job, r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?", "runs-claim:/runs, a PersistentVolumeClaim that many hosts can write to")
    return _HEAD.format(
        name=job.name,
        annotations=_ONE_SLICE if tpu and hosts > 1 else "",
        crashes=_CRASHES,
        hosts=hosts,
        preempted=EXIT_PREEMPTED,
        user_error=EXIT_USER_ERROR,
        saving=SAVING_SECONDS,
        pool=_POOL.format(pool=tpu.pool, topology=tpu.topology) if tpu else "",
        image=quote(image(job, "kubernetes")),
        arguments="\n".join(f"              - {argument(text)}" for text in job.arguments),
        environment=_ENVIRONMENT.format(name=job.name, port=_PORT, hosts=hosts) if hosts > 1 and not tpu else "",
        limits=_LIMITS.format(resource=_RESOURCES[kind], devices=job.accelerator.devices) if kind in _RESOURCES else "",
        folder=folder,
        claim=quote(claim),
    )


def argument(text: str) -> str:
    """Quotes an argument for the container: Kubernetes puts variables in place of `$(NAME)`, and takes `$$` for a dollar sign."""
    return quote(text.replace("$", "$$"))


def quote(text: str) -> str:
    """A YAML string in double quotes; what cannot be printed is escaped."""
    return '"' + "".join(map(_escape, text)) + '"'


def _escape(character: str) -> str:
    if character in '"\\':
        return f"\\{character}"
    return character if character.isprintable() else f"\\U{ord(character):08x}"
