"""Configuration of services and environments, and the sentence for each invalid one."""

import pytest

from tools.deploy.configuration import Configuration, Environment
from tools.deploy.errors import BadFileError
from tools.deploy.files import parse_toml

_VOLUME = '[volumes.data]\npath = "/data"\nsize = "1Gi"\n'
_SECRET = '[secrets]\ndatabase_url = { secret = "users", key = "url" }\n'
_DATABASE = '[[network.to]]\ncidr = "10.0.0.0/8"\nport = 5432\n'
_CANARY = "canary-5c1f"

_REFUSED = {
    "unknown key": ("replica = 1\n" + _VOLUME, "replica is no key here; did you mean replicas?"),
    "unknown key below": ('[network]\nfrom = ["a"]\n' + _VOLUME, "network.from is no key here"),
    "wrong type": ('replicas = "2"\n' + _VOLUME, "replicas: input should be a valid integer"),
    "none at all": ("replicas = 0\n" + _VOLUME, "replicas: input should be greater than or equal to 1"),
    "not TOML": ("replicas: 2\n", "not TOML: Expected '='"),
    "many on SQLite": ("replicas = 2\n" + _VOLUME, "SQLite serves one process"),
    "scaled on SQLite": ("[autoscale]\nmax = 3\n" + _VOLUME, "SQLite serves one process"),
    "SQLite without storage": ("", "SQLite needs a volume with a size at /data"),
    "SQLite without storage at its path": (
        _VOLUME.replace("/data", "/else"),
        "SQLite needs a volume with a size at /data",
    ),
    "PostgreSQL without a destination": (_SECRET, "name the database's address and port under [[network.to]]"),
    "a database of a service without one": (
        "database = false\n" + _SECRET + _DATABASE,
        "a service with `database = false` has no database_url under [secrets]",
    ),
    "database as text": ('database = "none"\n', "database: input should be a valid boolean"),
    "autoscale without room": (
        "replicas = 3\n[autoscale]\nmax = 3\n" + _SECRET + _DATABASE,
        "autoscale.max must be above",
    ),
    "storage of one node for many": (
        "replicas = 2\n" + _SECRET + _VOLUME + _DATABASE,
        "volumes.data: several processes need access = 'ReadWriteMany', or a secret",
    ),
    "storage and secret": (_VOLUME + 'secret = "keys"\n', "volumes.data: a volume has either a size or a secret"),
    "host as a setting": ('[settings]\nhost = "::"\n' + _VOLUME, "settings: host is not set here: the image listens"),
    "proxies as a setting": (
        '[settings]\ntrusted_proxies = ["10.0.0.0/8"]\n' + _VOLUME,
        "trusted_proxies is not set here: name them as `trusted_proxies` in environment.toml",
    ),
    "port of metrics as a setting": ("[settings]\nmetrics_port = 1\n" + _VOLUME, "metrics_port is not set here"),
    "proxies from a Secret": (
        '[secrets]\ntrusted_proxies = { secret = "a", key = "b" }\n' + _VOLUME,
        "trusted_proxies is not set here",
    ),
    "API page from a Secret": (
        '[secrets]\ndocs = { secret = "a", key = "b" }\n' + _VOLUME,
        "docs is no secret: set it under [settings]",
    ),
    "boolean in quotes": ('[settings]\ndocs = "true"\n' + _VOLUME, "docs is true or false, without quotes"),
    "boolean as a number": ("[settings]\nmetrics = 1\n" + _VOLUME, "metrics is true or false, without quotes"),
    "secret among settings": (
        f'[settings]\nmail_password = "{_CANARY}"\n' + _VOLUME,
        "settings: mail_password is or holds a secret: name the Secret and its key under [secrets]",
    ),
    "secret inside a setting": (
        f'[settings]\nmail = "smtp://me:{_CANARY}@host"\n' + _VOLUME,
        "settings: mail is or holds a secret",
    ),
    "set twice": (
        '[settings]\nissuer = "a"\n[secrets]\nissuer = { secret = "users", key = "issuer" }\n' + _VOLUME,
        "issuer stands under [settings] and under [secrets]",
    ),
    "ingress without hosts": ("[ingress]\n" + _VOLUME, "an [ingress] needs `hosts`"),
    "secret with a slash": (
        f'[settings]\nmail = "smtp://me:{_CANARY}/x@host"\n' + _VOLUME,
        "settings: mail is or holds a secret",
    ),
    "secret of a query": (
        f'[settings]\npages_url = "https://a.example/?password={_CANARY}"\n' + _VOLUME,
        "settings: pages_url is or holds a secret",
    ),
    "private key": (
        f'[settings]\npage = """-----BEGIN PRIVATE KEY-----\n{_CANARY}"""\n' + _VOLUME,
        "settings: page is or holds a secret",
    ),
    "secret of a command": (
        f'[schedules.a]\ncron = "1 1 1 1 1"\ncommand = ["a", "--password={_CANARY}"]\n' + _VOLUME,
        "schedules.a.command: an argument holds a secret",
    ),
    "seconds in words": (
        f'[settings]\ndrain_seconds = "{_CANARY}"\n' + _VOLUME,
        "drain_seconds is a number of seconds",
    ),
    "boolean as seconds": ("[settings]\nstop_seconds = true\n" + _VOLUME, "stop_seconds is a number of seconds"),
    "seconds that are not a number": (
        "[settings]\nstop_seconds = nan\n" + _VOLUME,
        "stop_seconds is a number of seconds",
    ),
    "negative seconds": ("[settings]\nstop_seconds = -1\n" + _VOLUME, "stop_seconds is a number of seconds"),
    "NUL in a setting": ('[settings]\nissuer = "a\\u0000b"\n' + _VOLUME, "issuer holds a NUL"),
    "headers of a collector": (
        f'[opentelemetry]\nOTEL_EXPORTER_OTLP_HEADERS = "authorization={_CANARY}"\n' + _VOLUME,
        "OTEL_EXPORTER_OTLP_HEADERS is or holds a secret",
    ),
    "password of a collector": (
        f'[opentelemetry]\nOTEL_EXPORTER_OTLP_ENDPOINT = "https://a:{_CANARY}@collector"\n' + _VOLUME,
        "OTEL_EXPORTER_OTLP_ENDPOINT is or holds a secret",
    ),
    "another variable": ('[opentelemetry]\nPATH = "/bin"\n' + _VOLUME, "opentelemetry.PATH"),
    "number without end": (f"replicas = {'9' * 5000}\n" + _VOLUME, "not TOML: "),
    "table without end": ("replicas = " + "[" * 5000, "not TOML: "),
    "key of two lines": ('"a\\nb" = 1\n' + _VOLUME, "a b is no key here"),
    "scratch as a volume": (_VOLUME.replace("data]", "tmp]"), "volumes: `tmp` and /tmp are scratch"),
    "volume over scratch": (
        _VOLUME + '[volumes.b]\npath = "/tmp/"\nsize = "1Gi"\n',
        "volumes: `tmp` and /tmp are scratch",
    ),
    "volume over volume": (_VOLUME + '[volumes.b]\npath = "/data"\nsize = "1Gi"\n', "volumes: two have the same path"),
    "serve before the start": ('before_start = ["serve"]\n' + _VOLUME, "before_start: "),
    "migrated twice": ('before_start = ["migrate"]\n' + _VOLUME, "before_start: "),
    "nothing to migrate": ('before_start = ["migrate"]\ndatabase = false\n', "before_start: "),
    "command named twice": ('before_start = ["a", "a"]\n' + _VOLUME, "before_start: "),
    "schedule named serve": (
        '[schedules.serve]\ncron = "1 1 1 1 1"\ncommand = ["a"]\n' + _VOLUME,
        "schedules: `serve` is the server's name",
    ),
    "schedule without a command": (
        '[schedules.a]\ncron = "1 1 1 1 1"\ncommand = []\n' + _VOLUME,
        "schedules.a.command: ",
    ),
    "no host": ('hosts = ["a..b"]\n' + _VOLUME, "hosts.0: "),
    "no network": (_VOLUME + '[[network.to]]\ncidr = "10.0.0.0/99"\nport = 1\n', "network.to.0.cidr: "),
    "schedule without a cron expression": (
        '[schedules.a]\ncron = "daily"\ncommand = []\n' + _VOLUME,
        "schedules.a.cron: ",
    ),
}


@pytest.mark.parametrize(("text", "sentence"), _REFUSED.values(), ids=_REFUSED)
def test_invalid_configuration_is_one_sentence(text: str, sentence: str) -> None:
    """The sentence names the file and the key, and no value, which may be a password."""
    with pytest.raises(BadFileError) as refused:
        parse_toml(text, Configuration, shown="deploy/staging/users.toml")
    said = str(refused.value)
    assert said.startswith("deploy/staging/users.toml: ")
    assert sentence in said
    assert "\n" not in said
    assert _CANARY not in said


def test_a_volume_is_the_only_required_key() -> None:
    """Everything else has a default."""
    configuration = parse_toml(_VOLUME, Configuration, shown="here")
    assert (configuration.replicas, configuration.is_on_sqlite, configuration.is_many) == (1, True, False)


def test_service_without_a_database() -> None:
    """`database = false` needs no volume and no address, and allows many processes."""
    configuration = parse_toml("database = false\nreplicas = 2\n", Configuration, shown="here")
    assert (configuration.is_on_sqlite, configuration.is_on_postgresql, configuration.is_many) == (False, False, True)


def test_path_of_a_secret_is_no_secret() -> None:
    """A password in a file is named by a setting and mounted from a Secret."""
    text = '[settings]\nmail = "smtps://users@smtp.example:465"\nmail_password_file = "/mail/password"\n' + _VOLUME
    assert parse_toml(text, Configuration, shown="here").settings["mail_password_file"] == "/mail/password"


@pytest.mark.parametrize(
    "registry",
    [
        "https://registry.example",
        "registry.example/",
        "Registry.example",
        "",
        "a..b",
        ".",
        "x" * 70 + ".example",
        "registry.example//team",
        # Kubernetes would take it for a path on docker.io.
        "registry/team",
    ],
)
def test_invalid_registry_is_refused(registry: str) -> None:
    """A registry is a host with an optional path; URLs are refused."""
    with pytest.raises(BadFileError, match="registry: "):
        parse_toml(f'registry = "{registry}"\nnamespace = "staging"\n', Environment, shown="here")


@pytest.mark.parametrize(
    ("proxy", "reason"),
    [
        ("ingress.example", "does not appear to be an IPv4 or IPv6 network"),
        ("10.0.0.1/8", "has host bits set"),
        ("0.0.0.0/0", "holds every address"),
        ("::/0", "holds every address"),
    ],
)
def test_trusted_proxy_is_an_address_or_a_network(proxy: str, reason: str) -> None:
    """Entries that the service refuses, or that trust every client, are refused in one sentence."""
    text = f'registry = "registry.example"\nnamespace = "staging"\ntrusted_proxies = ["{proxy}"]\n'
    with pytest.raises(BadFileError) as refused:
        parse_toml(text, Environment, shown="here")
    assert str(refused.value).startswith("here: trusted_proxies.0: ")
    assert f"{proxy} {reason}" in str(refused.value).replace("'", "")
