"""The command line of the generator: `strip` and `generate`."""

import argparse
import json
import sys
from pathlib import Path

from tools.client_generator.errors import ContractError
from tools.client_generator.models import write_models
from tools.client_generator.operations import read_operations
from tools.client_generator.rendering import api_module, fake_module, package_module
from tools.client_generator.stripping import strip_text


def generate(service: str, contract: Path, folder: Path) -> None:
    """Write the client of a service from its stripped contract into `folder`.

    Raises:
        ContractError: the contract has a part that the client cannot express.
    """
    document = json.loads(contract.read_text(encoding="utf-8"))
    operations = read_operations(document)
    folder.mkdir(parents=True, exist_ok=True)
    models = write_models(document, folder / "models.py")
    modules = {
        "__init__.py": package_module(service, operations, models),
        "api.py": api_module(service, operations),
        "testing.py": fake_module(service),
    }
    for name, source in modules.items():
        (folder / name).write_text(source, encoding="utf-8")


def main(arguments: list[str]) -> int:
    """Run the command and return the exit code."""
    options = _parser().parse_args(arguments)
    try:
        if options.command == "strip":
            text = strip_text(options.contract.read_text(encoding="utf-8"))
            options.output.parent.mkdir(parents=True, exist_ok=True)
            options.output.write_text(text, encoding="utf-8")
        else:
            generate(options.service, options.contract, options.output)
    except (ContractError, OSError, ValueError) as error:
        sys.stderr.write(f"client_generator: {options.contract}: {error}\n")
        return 1
    except (AttributeError, KeyError, TypeError) as error:
        sys.stderr.write(f"client_generator: {options.contract}: it is no valid OpenAPI document: {error!r}\n")
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="client_generator", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    for name, help_ in (
        ("strip", "write a contract without what no client depends on"),
        ("generate", "write the client of a stripped contract into a folder"),
    ):
        command = commands.add_parser(name, help=help_)
        command.add_argument("--contract", type=Path, required=True)
        command.add_argument("--output", type=Path, required=True)
        if name == "generate":
            command.add_argument("--service", required=True, help="such as user_service")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
