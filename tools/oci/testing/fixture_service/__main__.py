"""Answer 200 on /readyz once `migrate` has run, as every service does; with nothing that changes under it."""

import http.server
import os
import sys
from pathlib import Path

import h11

_PORT = 8000


class Probe(http.server.BaseHTTPRequestHandler):
    """Ready when the data folder holds what `migrate` leaves there."""

    def do_GET(self) -> None:
        """Answer any path."""
        ready = self.path == "/readyz" and _migrated().exists()
        self.send_response(200 if ready else 503)
        self.end_headers()
        self.wfile.write(h11.PRODUCT_ID.encode())


def main(arguments: list[str]) -> None:
    """Run `migrate`, or serve."""
    if arguments == ["migrate"]:
        try:
            _migrated().touch()
        except OSError as error:
            sys.exit(f"{error}: set fsGroup in the pod's securityContext, or change the owner of the volume")
        return
    http.server.ThreadingHTTPServer((os.environ["FIXTURE_SERVICE_HOST"], _PORT), Probe).serve_forever()


def _migrated() -> Path:
    return Path(os.environ.get("FIXTURE_SERVICE_DATA_DIR", "/data")) / "migrated"


if __name__ == "__main__":
    main(sys.argv[1:])
