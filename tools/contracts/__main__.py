"""The command //tools/contracts:check."""

import sys

from tools.contracts.commands import run

if __name__ == "__main__":
    sys.exit(run(sys.argv[1:]))
