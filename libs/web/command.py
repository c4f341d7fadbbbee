"""The command line that every service has: `python -m services.<name> [command]`."""

import argparse
import os
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from pydantic import ValidationError

from libs.web.errors import Refusal
from libs.web.settings import WebSettings

S = TypeVar("S", bound=WebSettings)


@dataclass(frozen=True, slots=True)
class Command(Generic[S]):
    """One word of a service's command line."""

    summary: str
    run: Callable[[S], int]


@dataclass(frozen=True, slots=True)
class Service(Generic[S]):
    """What the command line needs to know of a service.

    `prepare` makes what a developer's checkout lacks (keys, tables). It runs only under
    `bazel run` and only when no data folder was named; anywhere else missing things are refused.
    """

    name: str
    settings: type[S]
    commands: Mapping[str, Command[S]]
    prepare: Callable[[S], None]


def run(service: Service[S], arguments: Sequence[str]) -> int:
    """Do what the arguments say (`serve` when they say nothing); the exit code."""
    # Until the server handles it, Ctrl-C ends the process as it ends any other: without a trace.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    command = _parser(service).parse_args(arguments).command
    try:
        settings, is_checkout = _settings(service)
        if is_checkout and command == "serve":
            service.prepare(settings)
        return service.commands[command].run(settings)
    except ValidationError as error:
        return _refuse(service.name, _sentences(error, service.settings))
    except Refusal as error:
        return _refuse(service.name, str(error))


def _parser(service: Service[S]) -> argparse.ArgumentParser:
    prefix = service.settings.model_config.get("env_prefix", "")
    commands = "\n".join(f"  {word:<12} {each.summary}" for word, each in service.commands.items())
    parser = argparse.ArgumentParser(
        prog=service.name,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        description=f"commands:\n{commands}",
        epilog=f"Settings come from the environment, each as {prefix}<NAME>.",
    )
    parser.add_argument(
        "command",
        nargs="?",
        default="serve",
        choices=tuple(service.commands),
        metavar="command",
        help="what to do (default: serve)",
    )
    return parser


def _settings(service: Service[S]) -> tuple[S, bool]:
    """The settings, and whether they are a developer's: `bazel run` without a data folder."""
    workspace = os.environ.get("BUILD_WORKSPACE_DIRECTORY")
    prefix = service.settings.model_config.get("env_prefix", "")
    if workspace and not os.environ.get(f"{prefix}DATA_DIR"):
        return service.settings(data_dir=Path(workspace, ".data", service.name)), True
    return service.settings(), False


def _sentences(error: ValidationError, settings: type[WebSettings]) -> str:
    prefix = settings.model_config.get("env_prefix", "")
    return "; ".join(
        f"{prefix}{'_'.join(map(str, each['loc'])).upper()}: {each['msg']}"
        for each in error.errors(include_input=False, include_url=False)
    )


def _refuse(name: str, reason: str) -> int:
    sys.stderr.write(f"{name}: {reason}\n")
    return 2
