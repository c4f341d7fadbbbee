"""Workloads: the server, the migration of its database, and scheduled commands."""

from collections.abc import Iterator

from tools.deploy.manifests.pods import before_start, container, pod, scrape_annotations, server
from tools.deploy.manifests.release import SERVE, Document, Release, fingerprint

_DRAIN_SECONDS, _STOP_SECONDS, _MARGIN_SECONDS = 5.0, 20.0, 10.0
"""Default settings of a stop, and the margin before the process is killed."""


def deployment(release: Release) -> Document:
    """Return the Deployment of the server."""
    configuration = release.configuration
    template = pod(release, component=SERVE, containers=[server(release)], before=before_start(release))
    if annotations := scrape_annotations(release):
        template["metadata"]["annotations"] = annotations
    template["spec"]["terminationGracePeriodSeconds"] = _grace_seconds(release)
    if configuration.is_many:
        template["spec"]["topologySpreadConstraints"] = [_spread(release)]
    # With an autoscaler, a number here would overwrite the autoscaler's number at each apply.
    spec: Document = {} if configuration.autoscale else {"replicas": configuration.replicas}
    return release.document(
        "apps/v1",
        "Deployment",
        spec | {"strategy": _strategy(release), "selector": {"matchLabels": release.selector()}, "template": template},
    )


def migration(release: Release) -> Iterator[Document]:
    """Return the Job that migrates PostgreSQL. Servers of the new image are not ready until it has run.

    A Job cannot be changed, so its name has the digest and a hash of its specification.
    """
    if not release.configuration.is_on_postgresql:
        return
    migrate = container(release, name="migrate", command=("migrate",))
    template = pod(release, component="migrate", containers=[migrate], before=[])
    template["spec"] = _without_claims(template["spec"]) | {"restartPolicy": "Never"}
    # No time to live: if Kubernetes removed the finished Job, applying the folder again would run it again.
    spec: Document = {"backoffLimit": 6, "activeDeadlineSeconds": 600, "template": template}
    digest = release.image.digest.removeprefix("sha256:")[:12]
    yield release.document("batch/v1", "Job", spec, name=f"{release.name}-migrate-{digest}-{fingerprint(spec)}")


def schedules(release: Release) -> Iterator[Document]:
    """Return the CronJobs."""
    for name, schedule in sorted(release.configuration.schedules.items()):
        command = container(release, name=name, command=schedule.command)
        template = pod(release, component=name, containers=[command], before=[])
        template["spec"] |= {"restartPolicy": "Never"} | _beside_the_server(release)
        spec: Document = {
            "schedule": schedule.cron,
            "concurrencyPolicy": "Forbid",
            "jobTemplate": {"spec": {"backoffLimit": 3, "template": template}},
        }
        yield release.document("batch/v1", "CronJob", spec, name=f"{release.name}-{name}")


def _strategy(release: Release) -> Document:
    if release.configuration.is_on_sqlite:
        return {"type": "Recreate"}
    return {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}}


def _grace_seconds(release: Release) -> int:
    settings = release.configuration.settings
    drain = settings.get("drain_seconds", _DRAIN_SECONDS)
    stop = settings.get("stop_seconds", _STOP_SECONDS)
    return round(float(str(drain)) + float(str(stop)) + _MARGIN_SECONDS)


def _spread(release: Release) -> Document:
    return {
        "maxSkew": 1,
        "topologyKey": "kubernetes.io/hostname",
        "whenUnsatisfiable": "ScheduleAnyway",
        "labelSelector": {"matchLabels": release.selector()},
    }


def _beside_the_server(release: Release) -> Document:
    """Return an affinity to the server's node, which has the ReadWriteOnce volumes."""
    volumes = release.configuration.volumes.values()
    if not any(volume.size and volume.access == "ReadWriteOnce" for volume in volumes):
        return {}
    near = {"topologyKey": "kubernetes.io/hostname", "labelSelector": {"matchLabels": release.selector()}}
    return {"affinity": {"podAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [near]}}}


def _without_claims(spec: Document) -> Document:
    """Return a pod without storage, because the storage may be mounted on another node.

    Files of Secrets are kept, because settings refer to them, such as the authority of a certificate.
    """
    volumes = [volume for volume in spec["volumes"] if "persistentVolumeClaim" not in volume]
    names = [volume["name"] for volume in volumes]
    [only] = spec["containers"]
    mounts = [mount for mount in only["volumeMounts"] if mount["name"] in names]
    return spec | {"containers": [only | {"volumeMounts": mounts}], "volumes": volumes}
