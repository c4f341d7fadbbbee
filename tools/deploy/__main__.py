"""The commands of //deploy: plan, apply, promote."""

import sys
from datetime import UTC, datetime

from tools.deploy.commands import run

if __name__ == "__main__":
    sys.exit(run(sys.argv[1:], now=lambda: datetime.now(UTC)))
