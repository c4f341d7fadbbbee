"""What runs: the server, the migration of its database, commands from time to time."""

from collections.abc import Iterator

from tools.deploy.manifests.pods import before_start, container, pod, scrape_annotations, server
from tools.deploy.manifests.release import SERVE, Document, Release, fingerprint

_DRAIN_SECONDS, _STOP_SECONDS, _MARGIN_SECONDS = 5.0, 20.0, 10.0
"""How a service stops unless its settings say otherwise, and what is added before it is killed."""


def deployment(release: Release) -> Document:
    """The server."""
    configuration = release.configuration
    template = pod(release, component=SERVE, containers=[server(release)], before=before_start(release))
    if annotations := scrape_annotations(release):
        template["metadata"]["annotations"] = annotations
    template["spec"]["terminationGracePeriodSeconds"] = _grace_seconds(release)
    if configuration.is_many:
        template["spec"]["topologySpreadConstraints"] = [_spread(release)]
    # An autoscaler's number would be overwritten by ours each time.
    spec: Document = {} if configuration.autoscale else {"replicas": configuration.replicas}
    return release.document(
        "apps/v1",
        "Deployment",
        spec | {"strategy": _strategy(release), "selector": {"matchLabels": release.selector()}, "template": template},
    )


def migration(release: Release) -> Iterator[Document]:
    """The job that migrates a PostgreSQL database. Servers of the new image are not ready until it has run.

    A job cannot be changed, so its name says both which image it runs and how.
    """
    if not release.configuration.is_on_postgresql:
        return
    migrate = container(release, name="migrate", command=("migrate",))
    template = pod(release, component="migrate", containers=[migrate], before=[])
    template["spec"] = _without_volumes(template["spec"]) | {"restartPolicy": "Never"}
    # No time to live: whoever applies what lies in git would start a job anew that had gone.
    spec: Document = {"backoffLimit": 6, "activeDeadlineSeconds": 600, "template": template}
    digest = release.image.digest.removeprefix("sha256:")[:12]
    yield release.document("batch/v1", "Job", spec, name=f"{release.name}-migrate-{digest}-{fingerprint(spec)}")


def schedules(release: Release) -> Iterator[Document]:
    """Commands that run from time to time."""
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
    """A volume of one node is only there where the server is."""
    volumes = release.configuration.volumes.values()
    if not any(volume.size and volume.access == "ReadWriteOnce" for volume in volumes):
        return {}
    near = {"topologyKey": "kubernetes.io/hostname", "labelSelector": {"matchLabels": release.selector()}}
    return {"affinity": {"podAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [near]}}}


def _without_volumes(spec: Document) -> Document:
    """A pod that talks to its database alone."""
    [tmp] = [volume for volume in spec["volumes"] if "emptyDir" in volume]
    [only] = spec["containers"]
    mounts = [mount for mount in only["volumeMounts"] if mount["name"] == tmp["name"]]
    return spec | {"containers": [only | {"volumeMounts": mounts}], "volumes": [tmp]}
