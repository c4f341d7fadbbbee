"""The flags of the commands."""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tools.deploy.report import FORMATS
from tools.oci.push.options import DEADLINE_SECONDS, add_base_flag, add_registry_flags

_ABOUT = {
    "plan": """Print what would change in an environment, and why. Nothing is written, and no registry is contacted.

    bazel run //deploy:plan -- --env staging
    bazel run //deploy:plan -- --env staging --format json
    bazel run //deploy:plan -- --env staging --format github >>"$GITHUB_OUTPUT"
""",
    "apply": """Push the images and render the manifests that differ, and record both.

    bazel run //deploy:apply -- --env staging             # leaves the changes uncommitted
    bazel run //deploy:apply -- --env staging --commit    # commits only what it wrote
    bazel run //deploy:apply -- --env staging --configuration-only   # keeps the images that the records name

After an interruption the same command does the rest. It does not talk to a cluster: a GitOps agent applies
deploy/<env>/manifests from git, or you run the command that it prints.
""",
    "promote": """Deploy the images of one environment to another. Nothing is built.

    bazel run //deploy:promote -- --from staging --to prod
    bazel run //deploy:promote -- --from staging --to prod --service user_service --commit

Images are copied where the environments have different registries; manifests follow from the configuration of the
environment that gets them.
""",
}


@dataclass(frozen=True, kw_only=True)
class Options:
    """The parsed command line."""

    command: str
    env: str
    images: Path
    origin: str = ""
    registry: str | None = None
    service: Sequence[str] = ()
    format: str = "text"
    commit: bool = False
    configuration_only: bool = False
    insecure: bool = False
    allow_outdated_base: bool = False
    allow_break: bool = False
    consumers: Path | None = None
    deadline: float = DEADLINE_SECONDS


def parse(arguments: Sequence[str]) -> Options:
    """Parse a command line, whose first word is the command; exits with code 2 if it is wrong."""
    command: str = _command_parser().parse_args(arguments[:1]).command
    return Options(command=command, **vars(_parser(command).parse_args(arguments[1:])))


def _command_parser() -> argparse.ArgumentParser:
    """Return the parser of the first word, which the targets in deploy/ set."""
    parser = argparse.ArgumentParser(
        prog="deploy",
        description="\n".join(_ABOUT.values()),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("command", choices=list(_ABOUT), help="`bazel run //deploy:COMMAND -- --help` prints its flags")
    return parser


def _parser(command: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=f"bazel run //deploy:{command} --",
        description=_ABOUT[command],
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--images", type=Path, default=Path(), help=argparse.SUPPRESS)
    parser.add_argument("--consumers", type=Path, help=argparse.SUPPRESS)
    if command == "promote":
        parser.add_argument("--from", required=True, dest="origin", metavar="ENV", help="source of the images")
        parser.add_argument("--to", required=True, dest="env", metavar="ENV", help="target of the images")
    else:
        parser.add_argument("--env", required=True, metavar="ENV", help="a folder of deploy/, for example staging")
        parser.add_argument("--configuration-only", action="store_true", help="keep the images that the records name")
    parser.add_argument("--service", action="append", default=[], metavar="NAME", help="only this one; may be repeated")
    parser.add_argument(
        "--registry", metavar="HOST[/PATH]", help="use this registry instead of that of environment.toml"
    )
    if command == "plan":
        parser.add_argument("--format", choices=list(FORMATS), default="text", help="default: text")
    else:
        add_registry_flags(parser)
        if command == "apply":
            add_base_flag(parser)
        parser.add_argument(
            "--allow-break", action="store_true", help="deploy a contract that breaks clients without a declaration"
        )
        parser.add_argument("--commit", action="store_true", help="commit what was written; needs a clean tree")
    return parser
