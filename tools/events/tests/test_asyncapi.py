"""The AsyncAPI document describes each event of a service."""

import json
from pathlib import Path

from tools.events.asyncapi import main
from tools.events.contracts import write
from tools.events.tests.shop_events import OrderChanged, OrderPlaced


def test_each_event_is_a_channel(tmp_path: Path) -> None:
    """Each event is a channel with its NATS subject, schema and operation; all references can be resolved."""
    write(tmp_path, [OrderChanged, OrderPlaced])
    files = [str(file) for file in tmp_path.glob("*.json")]
    output = tmp_path / "asyncapi"
    assert main(["--service", "shop", "--output", str(output), *files]) == 0
    document = json.loads(output.read_text())
    assert document["asyncapi"] == "3.0.0"
    assert document["channels"]["order_placed"]["address"] == "events.shop.order.placed"
    assert document["operations"]["send_order_placed"] == {
        "action": "send",
        "channel": {"$ref": "#/channels/order_placed"},
    }
    message = document["components"]["messages"]["order_placed"]
    assert message["payload"]["schema"]["properties"]["data"]["required"] == ["note"]
    assert "$defs" not in output.read_text()
