"""Streams, consumers and permissions follow from what services publish and consume."""

import json
from pathlib import Path

import pytest

from libs.events.broker.configuration import Server, Tls, User, Variable, server_configuration
from libs.events.broker.errors import InvalidTopologyError
from libs.events.broker.topology import Permissions, ServiceEvents, Topology, read_topology


def _write(folder: Path, description: dict[str, object]) -> None:
    (folder / str(description["name"])).mkdir()
    (folder / str(description["name"]) / "service.json").write_text(json.dumps(description))


def test_it_is_read_from_the_descriptions(tmp_path: Path) -> None:
    """A service that neither publishes nor consumes has no stream and no user."""
    _write(tmp_path, {"name": "shop", "publishes": ["order.placed"], "consumes": {}})
    _write(tmp_path, {"name": "post", "publishes": [], "consumes": {"shop": ["order.placed"]}})
    _write(tmp_path, {"name": "site"})
    topology = read_topology(tmp_path, replicas=3)
    assert [(each.name, each.num_replicas) for each in topology.streams()] == [
        ("EVENTS_shop", 3),
        ("DEAD_LETTERS_post", 3),
    ]
    assert [(each.stream, each.config.durable_name) for each in topology.consumers()] == [("EVENTS_shop", "post")]
    assert sorted(topology.permissions()) == ["administrator", "post", "shop"]


@pytest.mark.parametrize(
    ("service", "reason"),
    [
        (
            ServiceEvents("post", consumes={"shop": ("order.lost",)}),
            "post consumes order.lost of shop, which publishes order.placed",
        ),
        (
            ServiceEvents("post", consumes={"gone": ("order.lost",)}),
            "post consumes order.lost of gone, which publishes nothing",
        ),
        (ServiceEvents("post.>"), "'post.>' is not a name for a service"),
        (ServiceEvents("administrator"), "'administrator' is not a name for a service"),
        (ServiceEvents("post", publishes=("*.sent",)), "post: '\\*.sent' is not a type of events"),
        (ServiceEvents("post", publishes=("sent",)), "post: 'sent' is not a type of events"),
    ],
)
def test_services_that_do_not_fit_together_are_refused(service: ServiceEvents, reason: str) -> None:
    """Each fault is one sentence; a pattern of subjects never becomes a permission."""
    with pytest.raises(InvalidTopologyError, match=f"^{reason}"):
        Topology((ServiceEvents("shop", publishes=("order.placed",)), service))


def test_passwords_may_be_variables_of_the_server() -> None:
    """Variables are written without quotes. TLS needs 1.3, and client certificates if an authority is set."""
    users = {
        "shop": User("shop", Variable("SHOP_PASSWORD"), Permissions(("events.shop.>",), ("_INBOX_shop.>",))),
        "root": User("root", "$SHOP"),
    }
    server = Server(Path("/data"), tls=Tls(Path("/tls.crt"), Path("/tls.key"), Path("/ca.crt")))
    text = server_configuration(server, users)
    assert '"password": $SHOP_PASSWORD,\n' in text
    assert '"password": "$SHOP"\n' in text
    document = json.loads(text.replace(" $SHOP_PASSWORD", ' ""'))
    assert document["jetstream"]["sync_interval"] == "always"
    assert document["tls"] == {
        "cert_file": "/tls.crt",
        "key_file": "/tls.key",
        "min_version": "1.3",
        "ca_file": "/ca.crt",
        "verify": True,
    }
