"""The command line that every service has: `python -m services.<name> [command]`."""

import argparse
import os
import signal
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Concatenate, Generic, TypeVar

from pydantic import ValidationError
from pydantic_settings import SettingsError

from libs.web.configuration import effective, prefix_of, table
from libs.web.errors import StartupError
from libs.web.setting_names import check_encoding, names_in_file, unknown_settings
from libs.web.settings import WebSettings

S = TypeVar("S", bound=WebSettings)

_SERVE = "serve"
_SETTINGS = "settings"


@dataclass(frozen=True, slots=True)
class Command(Generic[S]):
    """One word of a service's command line; `operands` names the words that follow it, each one text."""

    summary: str
    run: Callable[Concatenate[S, ...], int]
    operands: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Service(Generic[S]):
    """A service as its command line needs it.

    `prepare` makes what a developer's checkout lacks (keys, tables). It runs only under `bazel run` and only when no
    data folder was named; anywhere else missing things are errors. `startup_errors` are the exceptions of commands
    whose text is a sentence for the operator, as that of `StartupError` is.
    """

    name: str
    settings: type[S]
    commands: Mapping[str, Command[S]]
    prepare: Callable[[S], None]
    startup_errors: tuple[type[Exception], ...] = ()


def run(service: Service[S], arguments: Sequence[str]) -> int:
    """Run the command of the arguments, by default `serve`, and return the exit code."""
    # Until the server handles it, Ctrl-C ends the process as it ends any other: without a trace.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    options = _parse(service, arguments)
    if options.command == _SETTINGS:
        sys.stdout.write(table(service.settings))
        return 0
    startup_errors: tuple[type[Exception], ...] = (StartupError, SettingsError, *service.startup_errors)
    try:
        return _run(service, options)
    except ValidationError as error:
        return _fail(service.name, _sentences(error, prefix_of(service.settings)))
    except startup_errors as error:
        return _fail(service.name, str(error))


def _run(service: Service[S], options: argparse.Namespace) -> int:
    file: Path | None = options.settings
    in_file = () if file is None else names_in_file(file)
    _warn(service.name, unknown_settings(service.settings, os.environ, in_file))
    check_encoding(service.settings, os.environ)
    settings, is_checkout = _settings(service, file)
    if options.print_config:
        sys.stdout.write(effective(settings))
        return 0
    if is_checkout and options.command == _SERVE:
        service.prepare(settings)
    return service.commands[options.command].run(settings, *options.operands)


def _parse(service: Service[S], arguments: Sequence[str]) -> argparse.Namespace:
    parser = _parser(service)
    options = parser.parse_args(arguments)
    command = service.commands.get(options.command)
    wanted = command.operands if command else ()
    if len(options.operands) != len(wanted):
        parser.error(f"usage of this command: {' '.join((options.command, *wanted))}")
    return options


def _parser(service: Service[S]) -> argparse.ArgumentParser:
    words = {word: each.summary for word, each in service.commands.items()} | {
        _SETTINGS: "print a table of all settings"
    }
    operands = {word: each.operands for word, each in service.commands.items()}
    listed = "\n".join(
        f"  {' '.join((word, *operands.get(word, ()))):<24} {summary}" for word, summary in words.items()
    )
    parser = argparse.ArgumentParser(
        prog=service.name,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        description=f"commands:\n{listed}",
        epilog=f"Settings come from the environment, each as {prefix_of(service.settings)}<NAME>.",
    )
    parser.add_argument(
        "command",
        nargs="?",
        default=_SERVE,
        choices=tuple(words),
        metavar="command",
        help="the command to run (default: serve)",
    )
    parser.add_argument("operands", nargs="*", metavar="operand", help="arguments of the command")
    parser.add_argument(
        "--settings", type=Path, metavar="FILE", help="also read settings from this file, one NAME=value on each line"
    )
    parser.add_argument(
        "--print-config", action="store_true", help="print the settings in effect, with secrets masked, and exit"
    )
    return parser


def _settings(service: Service[S], file: Path | None) -> tuple[S, bool]:
    """Return the settings, and whether they are a developer's: `bazel run` without a data folder.

    The environment takes precedence over the file.
    """
    workspace = os.environ.get("BUILD_WORKSPACE_DIRECTORY")
    settings = service.settings(_env_file=file)  # type: ignore[call-arg]  # pydantic-settings' own argument
    if workspace and "data_dir" not in settings.model_fields_set:
        data_dir = Path(workspace, ".data", service.name)
        return service.settings(_env_file=file, data_dir=data_dir), True  # type: ignore[call-arg]
    return settings, False


def _sentences(error: ValidationError, prefix: str) -> str:
    return "; ".join(
        _sentence(each["loc"], each["msg"].removeprefix("Value error, "), prefix)
        for each in error.errors(include_input=False, include_url=False)
    )


def _sentence(location: Sequence[int | str], reason: str, prefix: str) -> str:
    """Name the variable, and leave out where in its value the fault is; errors of several settings name none."""
    return f"{prefix}{str(location[0]).upper()}: {reason}" if location else reason


def _warn(name: str, sentences: Iterable[str]) -> None:
    sys.stderr.writelines(f"{name}: warning: {sentence}\n" for sentence in sentences)


def _fail(name: str, reason: str) -> int:
    sys.stderr.write(f"{name}: {' '.join(reason.split())}\n")
    return 2
