"""The configuration of an environment and of a service in it."""

import re
from collections.abc import Mapping, Sequence
from ipaddress import ip_network
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, StringConstraints, field_validator, model_validator

from tools.deploy.files import Part

Name = Annotated[str, StringConstraints(pattern=r"^[a-z]([-a-z0-9]*[a-z0-9])?$", max_length=40)]
"""A Kubernetes name (RFC 1123 label), short enough for the suffixes that are appended."""

Quantity = Annotated[str, StringConstraints(pattern=r"^[0-9]+(\.[0-9]+)?(m|k|M|G|T|Ki|Mi|Gi|Ti)?$")]
"""A Kubernetes quantity: 100m, 256Mi, 2."""

Setting = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$")]
"""A setting of docs/configuration.md, in lower case and without the prefix of the service."""

OtelVariable = Annotated[str, StringConstraints(pattern=r"^OTEL_[A-Z0-9_]+$")]
"""A standard variable of OpenTelemetry, such as OTEL_EXPORTER_OTLP_ENDPOINT."""

Service = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$")]
"""The name of a service, which is that of its folder."""

_LABEL = "[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?"

Host = Annotated[str, StringConstraints(pattern=rf"^(\*\.)?{_LABEL}(\.{_LABEL})*$")]

_REGISTRY = re.compile(
    rf"(localhost|{_LABEL}(\.{_LABEL})+|{_LABEL}(?=:))(:[0-9]{{1,5}})?(/[a-z0-9]+([._-]+[a-z0-9]+)*)*"
)

_FOLLOWS = {
    "allowed_hosts": "name them in `hosts`",
    "host": "the image listens on all addresses",
    "port": "the port is the image's",
    "metrics_port": "the manifests set it",
    "trusted_proxies": "name them as `trusted_proxies` in environment.toml",
}
_SWITCHES = ("docs", "metrics")
_SECRET_NAME = re.compile(r"(password|passwd|secret|credential|private_key|api_key|database_url)(?!.*_(file|dir)$)")
_SECRET_VALUE = re.compile(
    r"://[^/@\s:]*:[^@\s]+@|(password|passwd|secret|token|api_key)=[^&\s]|-----BEGIN [A-Z ]*PRIVATE KEY"
)
_SECONDS = ("drain_seconds", "stop_seconds")
_MOST_SECONDS = 3600


def _is_registry(name: str) -> str:
    # Kubernetes reads a host without a dot or a port as a path on docker.io.
    if not _REGISTRY.fullmatch(name):
        raise ValueError("a host with a dot or a port, and perhaps a path: registry.example/team")
    return name


def _is_network(cidr: str) -> str:
    ip_network(cidr, strict=False)
    return cidr


def _is_proxy(entry: str) -> str:
    # Host bits are refused, as the service refuses them.
    if ip_network(entry).prefixlen == 0:
        raise ValueError(f"{entry} holds every address, so that each client could choose the one it is counted under")
    return entry


Registry = Annotated[str, AfterValidator(_is_registry)]
"""A registry with an optional path."""

Proxy = Annotated[str, AfterValidator(_is_proxy)]
"""An IP address or a network."""

_NATS = r"(nats|tls)://[^\s/@,]+"

NatsUrl = Annotated[str, StringConstraints(pattern=rf"^{_NATS}(,{_NATS})*$")]
"""Addresses of the servers of one NATS, without user and password."""


class Destination(Part):
    """A destination outside the namespace that the service may connect to: a network, or the pods of a namespace."""

    cidr: Annotated[str, StringConstraints(pattern=r"^[0-9a-f.:]+/[0-9]+$"), AfterValidator(_is_network)] | None = None
    namespace: Name | None = None
    port: Annotated[int, Field(ge=1, le=65535)]

    @model_validator(mode="after")
    def _is_one_place(self) -> "Destination":
        if (self.cidr is None) == (self.namespace is None):
            raise ValueError("a destination has either a cidr or a namespace")
        return self


class Events(Part):
    """The NATS server of an environment, which connects the services that have events.

    Attributes:
        url: Its addresses. Each service logs in under its own name, with the password `events-password` in its Secret.
        ca_secret: Secret whose `ca.crt` is the authority of the server's certificate; without it, those of the image.
        to: Where it is, for the network policy.
    """

    url: NatsUrl
    ca_secret: Name | None = None
    to: Annotated[tuple[Destination, ...], Field(min_length=1)]


class Environment(Part):
    """`deploy/<env>/environment.toml`: what all services of an environment share.

    Attributes:
        registry: Registry that images are pushed to and pulled from.
        namespace: Kubernetes namespace of the services.
        promoted_from: Environment whose images are promoted to this one; without it, images come from the build.
        trusted_proxies: Addresses of the ingress controller. Services behind an ingress take the address of a client
            from its `X-Forwarded-For`.
        monitoring_namespaces: Namespaces whose pods may read the metrics.
        development: Whether settings for development, such as `mail = "console"`, are accepted.
        docs_public: Whether the API page may be served through an ingress.
        events: The NATS server; without it, events stay in the outboxes of the services.
    """

    registry: Registry
    namespace: Name
    promoted_from: str | None = None
    trusted_proxies: tuple[Proxy, ...] = ()
    monitoring_namespaces: tuple[Name, ...] = ()
    development: bool = False
    docs_public: bool = False
    events: Events | None = None


class SecretKey(Part):
    """One key of a Secret."""

    secret: Name
    key: Annotated[str, StringConstraints(pattern=r"^[-._a-zA-Z0-9]+$")]


class Resources(Part):
    """Requests of one process, and the limit of its memory. A CPU limit would only throttle."""

    cpu: Quantity = "100m"
    memory: Quantity = "256Mi"


class Volume(Part):
    """A mounted folder: a PersistentVolumeClaim, or the files of a Secret."""

    path: Annotated[str, StringConstraints(pattern=r"^/[-a-zA-Z0-9_./]+$")]
    size: Quantity | None = None
    access: Literal["ReadWriteOnce", "ReadWriteMany"] = "ReadWriteOnce"
    storage_class: Name | None = None
    secret: Name | None = None

    @model_validator(mode="after")
    def _is_one_thing(self) -> "Volume":
        if (self.size is None) == (self.secret is None):
            raise ValueError("a volume has either a size or a secret")
        return self


class Autoscale(Part):
    """Limits of the HorizontalPodAutoscaler."""

    max: Annotated[int, Field(ge=2)]
    cpu_percent: Annotated[int, Field(ge=1, le=100)] = 70


class Schedule(Part):
    """A command of the image that a CronJob runs."""

    cron: Annotated[str, StringConstraints(pattern=r"^\S+( \S+){4}$")]
    command: Annotated[tuple[str, ...], Field(min_length=1)]

    @field_validator("command")
    @classmethod
    def _holds_no_secret(cls, command: Sequence[str]) -> Sequence[str]:
        if any(_SECRET_VALUE.search(argument) for argument in command):
            raise ValueError("an argument holds a secret: the command reads settings, and files of volumes")
        return command


class Ingress(Part):
    """The Ingress of a service; its hosts are those of the configuration."""

    class_name: Name | None = None
    tls_secret: Name | None = None


class Network(Part):
    """Allowed connections from and to the service. All others are denied, except DNS."""

    from_services: tuple[Service, ...] = ()
    from_namespaces: tuple[Name, ...] = ()
    to_services: tuple[Service, ...] = ()
    to: tuple[Destination, ...] = ()


class Configuration(Part):
    """`deploy/<env>/<service>.toml`."""

    replicas: Annotated[int, Field(ge=1)] = 1
    database: bool = True
    grants_scopes: bool = False
    hosts: tuple[Host, ...] = ()
    before_start: tuple[Name, ...] = ()
    autoscale: Autoscale | None = None
    resources: Resources = Resources()
    settings: Mapping[Setting, str | bool | int | float | tuple[str, ...]] = {}
    secrets: Mapping[Setting, SecretKey] = {}
    opentelemetry: Mapping[OtelVariable, str | bool | int | float | SecretKey] = {}
    volumes: Mapping[Name, Volume] = {}
    schedules: Mapping[Name, Schedule] = {}
    ingress: Ingress | None = None
    network: Network = Network()

    @property
    def is_on_sqlite(self) -> bool:
        """Whether the database is a SQLite file, which is the default."""
        return self.database and not self.is_on_postgresql

    @property
    def is_on_postgresql(self) -> bool:
        """Whether `database_url` names a PostgreSQL database."""
        return "database_url" in self.secrets

    @property
    def has_metrics(self) -> bool:
        """Whether the service exposes Prometheus metrics."""
        return self.settings.get("metrics", True) is True

    @property
    def is_many(self) -> bool:
        """Whether several processes may run at the same time."""
        return self.replicas > 1 or self.autoscale is not None

    @field_validator("settings")
    @classmethod
    def _holds_no_secret(cls, settings: Mapping[str, object]) -> Mapping[str, object]:
        for name, value in settings.items():
            if name in _FOLLOWS:
                raise ValueError(f"{name} is not set here: {_FOLLOWS[name]}")
            if _SECRET_NAME.search(name) or _SECRET_VALUE.search(str(value)):
                raise ValueError(f"{name} is or holds a secret: name the Secret and its key under [secrets]")
            if isinstance(value, str) and "\0" in value:
                raise ValueError(f"{name} holds a NUL, which no variable of a process can")
        return settings

    @field_validator("opentelemetry")
    @classmethod
    def _has_headers_from_a_secret(cls, variables: Mapping[str, object]) -> Mapping[str, object]:
        for name, value in variables.items():
            if not isinstance(value, SecretKey) and (name.endswith("_HEADERS") or _SECRET_VALUE.search(str(value))):
                raise ValueError(f'{name} is or holds a secret: write {name} = {{ secret = "NAME", key = "KEY" }}')
        return variables

    @field_validator("settings")
    @classmethod
    def _has_booleans(cls, settings: Mapping[str, object]) -> Mapping[str, object]:
        for name in _SWITCHES:
            if type(settings.get(name, False)) is not bool:
                raise ValueError(f"{name} is true or false, without quotes")
        return settings

    @field_validator("secrets")
    @classmethod
    def _are_secret(cls, secrets: Mapping[str, SecretKey]) -> Mapping[str, SecretKey]:
        # A variable from a Secret would replace the one that is rendered or checked here.
        for name in secrets:
            if name in _FOLLOWS:
                raise ValueError(f"{name} is not set here: {_FOLLOWS[name]}")
            if name in _SWITCHES:
                raise ValueError(f"{name} is no secret: set it under [settings]")
        return secrets

    @field_validator("settings")
    @classmethod
    def _ends_in_time(cls, settings: Mapping[str, object]) -> Mapping[str, object]:
        for name in _SECONDS:
            value = settings.get(name, 0)
            if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= _MOST_SECONDS:
                raise ValueError(f"{name} is a number of seconds, from 0 to {_MOST_SECONDS}")
        return settings

    @model_validator(mode="after")
    def _fits_the_database(self) -> "Configuration":
        if self.is_on_postgresql and not self.database:
            raise ValueError("a service with `database = false` has no database_url under [secrets]")
        if self.is_on_sqlite and self.is_many:
            raise ValueError(
                "SQLite serves one process: leave `replicas` at 1 without [autoscale], or name a PostgreSQL database "
                "as database_url under [secrets]"
            )
        if self.is_on_postgresql and not self.network.to:
            raise ValueError("the network is closed: name the database's address and port under [[network.to]]")
        folder = self.settings.get("data_dir", "/data")
        if self.is_on_sqlite and not any(volume.size and volume.path == folder for volume in self.volumes.values()):
            raise ValueError(
                f"SQLite needs a volume with a size at {folder}, or a new process would begin with nothing"
            )
        return self

    @model_validator(mode="after")
    def _fits_many(self) -> "Configuration":
        if self.autoscale and self.autoscale.max <= self.replicas:
            raise ValueError("autoscale.max must be above `replicas`, which is the least there is")
        for name, volume in self.volumes.items():
            if self.is_many and volume.size and volume.access == "ReadWriteOnce":
                raise ValueError(f"volumes.{name}: several processes need access = 'ReadWriteMany', or a secret")
        if both := self.settings.keys() & self.secrets.keys():
            raise ValueError(f"{min(both)} stands under [settings] and under [secrets]")
        return self

    @model_validator(mode="after")
    def _names_are_apart(self) -> "Configuration":
        places = [volume.path.rstrip("/") for volume in self.volumes.values()]
        if "tmp" in self.volumes or "/tmp" in places:  # noqa: S108 - the container's own
            raise ValueError("volumes: `tmp` and /tmp are scratch of every process")
        if len({*places}) < len(places):
            raise ValueError("volumes: two have the same path")
        commands = [*self.before_start, "serve", "migrate"]
        if len({*commands}) < len(commands):
            raise ValueError("before_start: each command once; serve and migrate run by themselves")
        if "serve" in self.schedules:
            raise ValueError("schedules: `serve` is the server's name, and its pods would be taken for servers")
        return self

    @model_validator(mode="after")
    def _way_in_has_a_name(self) -> "Configuration":
        if self.ingress and not self.hosts:
            raise ValueError("an [ingress] needs `hosts`, the names under which it is reached")
        return self
