"""A service checks the certificate of NATS with the authority that its settings name."""

import gc
from pathlib import Path

import pytest

from libs.events.connection import connect_once
from libs.events.errors import BrokerUnavailable
from libs.events.nats_testing import nats_server
from libs.events.settings import EventSettings
from libs.events.tls_testing import write_certificate


# nats-py does not close the socket of a connection that failed.
@pytest.mark.filterwarnings("ignore::ResourceWarning")
async def test_another_authority_is_refused(tmp_path: Path) -> None:
    """The server is trusted with its own authority, and refused with another one or those of the system."""
    for name in ("own", "other"):
        (tmp_path / name).mkdir()
    own, other = (write_certificate(tmp_path / name) for name in ("own", "other"))
    with nats_server(tmp_path, tls=own) as server:
        settings = EventSettings(events_url=server.url, events_ca_file=own.certificate)
        assert server.url.startswith("tls://")
        connection = await connect_once(settings, service="shop")
        assert (await connection.jetstream.account_info()).streams == 0
        await connection.close()
        for authority in (other.certificate, None):
            wrong = EventSettings(events_url=server.url, events_ca_file=authority)
            with pytest.raises(BrokerUnavailable, match="CERTIFICATE_VERIFY_FAILED"):
                await connect_once(wrong, service="shop")
        gc.collect()
