"""Rendered manifests of one service."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from tools.deploy.configuration import Configuration, Environment
from tools.deploy.files import parse_toml
from tools.deploy.images import Image
from tools.deploy.manifests.release import Document, Release
from tools.deploy.manifests.render import documents, render

_DIGEST = "sha256:" + "0123456789abcdef" * 4
_SQLITE = '[volumes.data]\npath = "/data"\nsize = "1Gi"\n'
_POSTGRES = """
database_url = { secret = "users", key = "url" }
[[network.to]]
cidr = "10.0.0.0/8"
port = 5432
"""
_MANY = "replicas = 3\n[autoscale]\nmax = 9\n[secrets]" + _POSTGRES
_EVERYTHING = (
    """
hosts = ["users.example"]
before_start = ["first-key"]
[schedules.rotate-keys]
cron = "17 3 * * 1"
command = ["rotate-keys"]
[ingress]
[network]
from_services = ["product_service"]
"""
    + _SQLITE
)


_ENVIRONMENT = Environment(
    registry="registry.example/team",
    namespace="staging",
    trusted_proxies=("10.0.0.0/8", "fd00::/8"),
    monitoring_namespaces=("monitoring",),
)


def _release(text: str, *, digest: str = _DIGEST, port: int = 8001, environment: Environment = _ENVIRONMENT) -> Release:
    configuration = parse_toml(text, Configuration, shown="here")
    image = Image(repository="registry.example/team/user_service", digest=digest, port=port, user="10001:10002")
    return Release(service="user_service", environment=environment, image=image, configuration=configuration)


def _one(text: str, kind: str, *, digest: str = _DIGEST) -> Document:
    [found] = [document for document in documents(_release(text, digest=digest)) if document["kind"] == kind]
    return found


def _kinds(text: str) -> set[str]:
    return {document["kind"] for document in documents(_release(text))}


def _pods(text: str) -> Iterator[Document]:
    """The pods of everything that runs."""
    for document in documents(_release(text)):
        spec = document.get("spec", {})
        spec = spec.get("jobTemplate", {"spec": spec})["spec"]
        if "containers" in spec.get("template", {}).get("spec", {}):
            yield spec["template"]["spec"]


def _containers(text: str) -> list[Document]:
    return [one for pod in _pods(text) for one in [*pod.get("initContainers", []), *pod["containers"]]]


def _server(text: str) -> Document:
    [found] = [container for container in _containers(text) if "ports" in container]
    return found


def _values(text: str) -> dict[str, str]:
    """The variables of the server that are no secrets."""
    return {entry["name"]: entry["value"] for entry in _server(text)["env"] if "value" in entry}


@pytest.mark.parametrize(("text", "count"), [(_EVERYTHING, 4), (_MANY, 2)])
def test_every_container_is_the_image_by_its_digest(text: str, count: int) -> None:
    """Images are named by digest, never by tag."""
    images = [container["image"] for container in _containers(text)]
    assert images == [f"registry.example/team/user_service@{_DIGEST}"] * count


@pytest.mark.parametrize("text", [_EVERYTHING, _MANY])
def test_every_container_has_the_least_privileges(text: str) -> None:
    """Containers meet the profile `restricted` and have a read-only root."""
    for container in _containers(text):
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
            "readOnlyRootFilesystem": True,
        }
        assert container["resources"]["limits"] == {"memory": "256Mi"}


@pytest.mark.parametrize("text", [_EVERYTHING, _MANY])
def test_every_pod_runs_as_the_user_of_the_image_without_a_token(text: str) -> None:
    """Pods run as the user of the image and have no service account token."""
    for pod in _pods(text):
        context = pod["securityContext"]
        assert (context["runAsNonRoot"], context["runAsUser"], context["runAsGroup"]) == (True, 10001, 10002)
        assert context["fsGroup"] == 10002
        assert context["seccompProfile"] == {"type": "RuntimeDefault"}
        assert pod["automountServiceAccountToken"] is False
        assert pod["enableServiceLinks"] is False


def test_probes_ask_where_the_service_answers() -> None:
    """Liveness and readiness are probed on the main port of the image."""
    serve = _server(_EVERYTHING)
    assert serve["ports"][0] == {"name": "http", "containerPort": 8001}
    paths = {probe: serve[probe]["httpGet"]["path"] for probe in serve if probe.endswith("Probe")}
    assert paths == {"startupProbe": "/livez", "livenessProbe": "/livez", "readinessProbe": "/readyz"}


def test_sqlite_is_one_process_at_a_time() -> None:
    """The old process ends before the new one migrates and serves; nothing scales."""
    deployment = _one(_EVERYTHING, "Deployment")["spec"]
    assert (deployment["replicas"], deployment["strategy"]) == (1, {"type": "Recreate"})
    before = deployment["template"]["spec"]["initContainers"]
    assert [container["args"] for container in before] == [["migrate"], ["first-key"]]
    assert not _kinds(_EVERYTHING) & {"Job", "HorizontalPodAutoscaler", "PodDisruptionBudget"}


def test_postgresql_is_many_processes_and_a_job() -> None:
    """Old processes serve until new ones are ready; the autoscaler sets the number of replicas."""
    deployment = _one(_MANY, "Deployment")["spec"]
    assert "replicas" not in deployment
    assert deployment["strategy"]["rollingUpdate"] == {"maxSurge": 1, "maxUnavailable": 0}
    scaler = _one(_MANY, "HorizontalPodAutoscaler")["spec"]
    assert (scaler["minReplicas"], scaler["maxReplicas"]) == (3, 9)
    assert _one(_MANY, "PodDisruptionBudget")["spec"]["maxUnavailable"] == 1
    assert _kinds(_MANY) >= {"Job", "Service", "ServiceAccount", "NetworkPolicy"}


def test_without_a_database_nothing_is_migrated() -> None:
    """No job, nothing before the server, no storage, and no process stops before its successor is ready."""
    text = "database = false\n"
    assert not {"Job", "PersistentVolumeClaim"} & _kinds(text)
    spec = _one(text, "Deployment")["spec"]
    assert "initContainers" not in spec["template"]["spec"]
    assert spec["strategy"]["type"] == "RollingUpdate"


def test_job_has_the_digest_in_its_name_and_another_name_for_another_form() -> None:
    """A Job cannot be changed, so a change of its specification or image changes its name."""
    other = _DIGEST.replace("0", "f", 1)
    more_memory = _MANY + '[resources]\nmemory = "1Gi"\n'
    names = [_one(*each, digest=digest)["metadata"]["name"] for *each, digest in (
        (_MANY, "Job", _DIGEST), (_MANY, "Job", other), (more_memory, "Job", _DIGEST)
    )]  # fmt: skip
    assert names[0].startswith(f"user-service-migrate-{_DIGEST[7:19]}-")
    assert names[1].startswith(f"user-service-migrate-{other[7:19]}-")
    assert len({*names}) == 3
    assert max(map(len, names)) <= 63


def test_schedule_runs_where_the_volume_is() -> None:
    """A CronJob runs on the node of the server, where its ReadWriteOnce volume is."""
    cron = _one(_EVERYTHING, "CronJob")
    pod = cron["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    [near] = pod["affinity"]["podAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]
    assert near["labelSelector"]["matchLabels"] == _one(_EVERYTHING, "Service")["spec"]["selector"]
    assert pod["containers"][0]["args"] == ["rotate-keys"]


def test_service_finds_servers_and_nothing_else() -> None:
    """The Service does not select pods of Jobs and CronJobs."""
    selector = _one(_EVERYTHING, "Service")["spec"]["selector"]
    assert selector == _one(_EVERYTHING, "Deployment")["spec"]["selector"]["matchLabels"]
    labels = _one(_EVERYTHING, "CronJob")["spec"]["jobTemplate"]["spec"]["template"]["metadata"]["labels"]
    assert not selector.items() <= labels.items()


def test_network_is_closed_but_for_what_was_named() -> None:
    """Without named clients the list of rules is empty; a rule without sources would admit every client."""
    isolated = _one("[settings]\nmetrics = false\n" + _SQLITE, "NetworkPolicy")["spec"]
    assert (isolated["policyTypes"], isolated["ingress"]) == (["Ingress", "Egress"], [])
    assert [port["port"] for rule in isolated["egress"] for port in rule["ports"]] == [53, 53]
    rule = _one(_EVERYTHING, "NetworkPolicy")["spec"]["ingress"][0]
    [caller] = rule["from"]
    assert rule["ports"] == [{"port": "http", "protocol": "TCP"}]
    assert caller["podSelector"]["matchLabels"]["app.kubernetes.io/name"] == "product-service"


def test_ingress_does_not_reach_the_metrics() -> None:
    """Each path of the Ingress ends at the main port, and /metrics has another port that no Service names."""
    [rule] = _one(_EVERYTHING, "Ingress")["spec"]["rules"]
    [path] = rule["http"]["paths"]
    assert path["path"] == "/"
    exposed = {port["name"]: port["targetPort"] for port in _one(_EVERYTHING, "Service")["spec"]["ports"]}
    reached = exposed[path["backend"]["service"]["port"]["name"]]
    ports = {port["name"]: port["containerPort"] for port in _server(_EVERYTHING)["ports"]}
    assert set(exposed.values()) == {reached}
    assert ports == {reached: 8001, "metrics": 9090}
    assert _values(_EVERYTHING)["USER_SERVICE_METRICS_PORT"] == "9090"


def test_prometheus_finds_the_metrics_by_annotations() -> None:
    """Pods of the server are scraped by address; pods of schedules and jobs have no metrics."""
    metadata = _one(_EVERYTHING, "Deployment")["spec"]["template"]["metadata"]
    assert metadata["annotations"] == {
        "prometheus.io/scrape": "true",
        "prometheus.io/port": "9090",
        "prometheus.io/path": "/metrics",
    }
    assert "prometheus" not in json.dumps([_one(_EVERYTHING, "CronJob"), _one(_MANY, "Job")])


def test_only_namespaces_of_monitoring_may_read_the_metrics() -> None:
    """Clients of the main port do not reach the metrics, nor do pods of monitoring reach the main port."""
    text = "database = false\n[network]\nfrom_namespaces = ['ingress']\n"
    rules = _one(text, "NetworkPolicy")["spec"]["ingress"]
    admitted = {
        rule["ports"][0]["port"]: [
            client["namespaceSelector"]["matchLabels"]["kubernetes.io/metadata.name"] for client in rule["from"]
        ]
        for rule in rules
    }
    assert admitted == {"http": ["ingress"], "metrics": ["monitoring"]}
    unmonitored = _release(text, environment=_ENVIRONMENT.model_copy(update={"monitoring_namespaces": ()}))
    [policy] = [document for document in documents(unmonitored) if document["kind"] == "NetworkPolicy"]
    assert [rule["ports"][0]["port"] for rule in policy["spec"]["ingress"]] == ["http"]


def test_metrics_that_are_off_have_no_port() -> None:
    """With `metrics = false` no manifest names the port of metrics."""
    text = "[settings]\nmetrics = false\n" + _SQLITE
    assert len(_server(text)["ports"]) == 1
    assert not re.search("prometheus|9090|METRICS_PORT", render(_release(text), source="here"))


def test_metrics_port_differs_from_the_main_port() -> None:
    """An image that listens on 9090 has its metrics on 9091."""
    assert _release(_SQLITE, port=9090).metrics_port == 9091


def test_addresses_of_the_ingress_controller_are_trusted() -> None:
    """A service behind an ingress reads X-Forwarded-For; one that only other services call does not."""
    assert _values(_EVERYTHING)["USER_SERVICE_TRUSTED_PROXIES"] == '["10.0.0.0/8", "fd00::/8"]'
    assert "USER_SERVICE_TRUSTED_PROXIES" not in _values(_SQLITE)


def test_host_names_are_those_of_outside_and_inside() -> None:
    """The allowed hosts are those of the ingress and of the Service."""
    assert yaml.safe_load(_values(_EVERYTHING)["USER_SERVICE_ALLOWED_HOSTS"])[:3] == [
        "users.example",
        "user-service",
        "user-service.staging",
    ]


def test_settings_are_text_as_the_service_reads_it() -> None:
    """Booleans, numbers and lists are rendered as in a settings file."""
    text = '[settings]\ndocs = false\nstop_seconds = 30\ncors_origins = ["https://a.example"]\n' + _SQLITE
    serve = _server(text)
    assert {entry["name"].removeprefix("USER_SERVICE_"): entry["value"] for entry in serve["env"]} == {
        "CORS_ORIGINS": '["https://a.example"]',
        "DOCS": "false",
        "METRICS_PORT": "9090",
        "STOP_SECONDS": "30",
    }
    assert _one(text, "Deployment")["spec"]["template"]["spec"]["terminationGracePeriodSeconds"] == 45


@pytest.mark.parametrize(
    "value",
    [
        *("'\"", "{{ .Values }}", "a: b", "*a", "&a", "!a", "- a", "# a", "---", "~", "no", "0x1"),
        *("a\nb\r\n", "\u2028\x1b\ufeff"),
        *("$(USER_SERVICE_ISSUER)", "$$(A)", "a$$b$"),
    ],
)
def test_settings_arrive_as_they_were_written(value: str) -> None:
    """Neither YAML nor the expansion of variables by Kubernetes changes a value."""
    text = f"[settings]\nissuer = {json.dumps(value)}\n" + _SQLITE
    read = list(yaml.safe_load_all(render(_release(text), source="here")))
    assert read == documents(_release(text))
    [entry] = [entry for entry in _containers(text)[0]["env"] if entry["name"] == "USER_SERVICE_ISSUER"]
    assert _expanded(entry["value"]) == value


def _expanded(value: str) -> str:
    """Expand a value as Kubernetes does: `$$` is `$`, `$(NAME)` another variable."""
    return re.sub(r"\$(\$|\(\w+\))", lambda found: "$" if found[1] == "$" else "another", value)


def test_secrets_are_named_and_never_rendered(monkeypatch: pytest.MonkeyPatch) -> None:
    """A secret in the environment of the command is not rendered."""
    monkeypatch.setenv("USER_SERVICE_DATABASE_URL", "postgresql+asyncpg://users:canary@db/users")
    text = render(_release(_MANY), source="here")
    assert "canary" not in text
    [entry] = [entry for entry in _containers(_MANY)[0]["env"] if entry["name"] == "USER_SERVICE_DATABASE_URL"]
    assert entry["valueFrom"] == {"secretKeyRef": {"name": "users", "key": "url"}}


def test_opentelemetry_variables_have_no_prefix() -> None:
    """They are the standard's; headers come from a Secret."""
    text = """
[opentelemetry]
OTEL_EXPORTER_OTLP_ENDPOINT = "http://collector.monitoring:4318"
OTEL_EXPORTER_OTLP_HEADERS = { secret = "collector", key = "headers" }
OTEL_TRACES_SAMPLER_ARG = 0.1
"""
    found = {entry.pop("name"): entry for entry in _containers(text + _SQLITE)[0]["env"]}
    assert found == {
        "OTEL_EXPORTER_OTLP_ENDPOINT": {"value": "http://collector.monitoring:4318"},
        "OTEL_EXPORTER_OTLP_HEADERS": {"valueFrom": {"secretKeyRef": {"name": "collector", "key": "headers"}}},
        "OTEL_TRACES_SAMPLER_ARG": {"value": "0.1"},
        "USER_SERVICE_METRICS_PORT": {"value": "9090"},
    }


def test_files_of_a_secret_are_mounted_for_the_group_alone() -> None:
    """Files of a Secret are read-only, with a mode that the service accepts for keys."""
    text = '[secrets]\ndatabase_url = { secret = "users", key = "url" }\n[volumes.keys]\npath = "/keys"\n'
    text += 'secret = "signing-keys"\n[[network.to]]\ncidr = "10.0.0.0/8"\nport = 5432\n'
    serve = _server(text)
    assert {"name": "keys", "mountPath": "/keys", "readOnly": True} in serve["volumeMounts"]
    volumes = _one(text, "Deployment")["spec"]["template"]["spec"]["volumes"]
    assert volumes[0] == {"name": "keys", "secret": {"secretName": "signing-keys", "defaultMode": 0o440}}


def test_same_release_is_the_same_bytes() -> None:
    """Rendering is deterministic, and the YAML parses to the same documents."""
    text = render(_release(_EVERYTHING), source="here")
    assert text == render(_release(_EVERYTHING), source="here")
    read: list[Any] = list(yaml.safe_load_all(text))
    assert read == documents(_release(_EVERYTHING))
