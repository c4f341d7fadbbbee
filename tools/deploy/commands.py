"""The command lines of //deploy:plan, //deploy:apply and //deploy:promote."""

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from tools.bazel_run.environment import path_from_bazel
from tools.contracts.errors import ContractError
from tools.deploy import report
from tools.deploy.apply import Deployment, environment_lock, message
from tools.deploy.contracts import Consumers, ContractChanges
from tools.deploy.environment_rules import check_calls, check_exposure
from tools.deploy.environment_session import EnvironmentSession, ImageSelection, promotion_lag
from tools.deploy.errors import BadFileError, DeployError, SameEnvironmentError, UnclearSourceError
from tools.deploy.known_settings import PAGE, KnownSettings, check_settings
from tools.deploy.manifests.release import kebab
from tools.deploy.options import Options, parse
from tools.deploy.plan import Kind, Plan
from tools.deploy.records import Folder
from tools.deploy.source import Source, check_identity, commit, read_source, recorded
from tools.oci.base.status import OutdatedBaseError
from tools.oci.push.crane import Crane, RegistryError
from tools.oci.push.layout import read_services
from tools.oci.push.options import check_base
from tools.oci.push.references import BadReferenceError

_STOPPED = 130
"""Exit code of shells for Ctrl-C."""


def run(arguments: Sequence[str], *, now: Callable[[], datetime]) -> int:
    """Run a command and return its exit code: 1 after one sentence on stderr, 130 after Ctrl-C."""
    options = parse(arguments)
    path_from_bazel("CRANE", f"bazel run //deploy:{options.command}")
    workspace = Path(os.environ.get("BUILD_WORKSPACE_DIRECTORY", Path.cwd()))
    try:
        _COMMANDS[options.command](Call(options=options, workspace=workspace, now=now))
    except (ContractError, DeployError, RegistryError, BadReferenceError, OutdatedBaseError) as error:
        return _refuse(str(error))
    except OSError as error:
        return _refuse(f"{error.filename or 'a file'}: {error.strerror}")
    except KeyboardInterrupt:
        return _refuse("stopped; the same command does the rest", code=_STOPPED)
    return 0


def _refuse(sentence: str, *, code: int = 1) -> int:
    print("error:", " ".join(sentence.split()), file=sys.stderr)
    return code


@dataclass(frozen=True, kw_only=True)
class Call:
    """The call of one command: its options, the working tree and the clock."""

    options: Options
    workspace: Path
    now: Callable[[], datetime]

    @property
    def deploy(self) -> Path:
        """The folder that holds the environments."""
        return self.workspace / "deploy"

    def session(self) -> EnvironmentSession:
        """Open the environment that the options name."""
        crane = Crane.from_environment(insecure=self.options.insecure, copy_seconds=self.options.deadline)
        return EnvironmentSession.open(Folder.find(self.deploy, self.options.env), self.options.registry, crane=crane)

    def selection(self, session: EnvironmentSession, source: Source) -> ImageSelection:
        """Return the images for `plan` and `apply`: those of the build, or the recorded ones."""
        built = session.built(read_services(self.options.images), source)
        return session.kept() if self.keeps_images(session) else built

    def keeps_images(self, session: EnvironmentSession) -> bool:
        """Return whether the recorded images are kept: with `--configuration-only`, or if images are promoted here."""
        return self.options.configuration_only or bool(session.environment.promoted_from)

    def contract_changes(self, folder: Folder, contracts: Mapping[str, str]) -> ContractChanges:
        """Return how changed contracts affect the consumers in an environment."""
        consumers = Consumers.read(self.options.consumers)
        return ContractChanges(folder=folder, contracts=contracts, consumers=consumers)

    def plan(self, session: EnvironmentSession, selection: ImageSelection, source: Source) -> Plan:
        """Return what would change. Raises BadFileError for settings that the environment does not allow."""
        configurations, known = session.folder.configurations(), KnownSettings.read(self.workspace / PAGE)
        check_settings(session.folder, configurations, known)
        check_exposure(session.folder, configurations, session.environment, known=known)
        check_calls(session.folder, configurations, known)
        return session.plan(selection, is_committed=source.is_committed, only=self.options.service)


def plan(call: Call) -> None:
    """Print what would change."""
    session, source = call.session(), read_source(call.workspace)
    made = call.plan(session, call.selection(session, source), source)
    lag: list[str] = []
    contracts = {change.service: change.contract for change in made.changes if change.contract is not None}
    if session.environment.promoted_from:
        origin = Folder.find(call.deploy, session.environment.promoted_from)
        lag, contracts = promotion_lag(session, origin), origin.contracts()
    made = replace(made, notes=[*made.notes, *lag, *call.contract_changes(session.folder, contracts).notes()])
    print(report.FORMATS[call.options.format](made, source))


def apply(call: Call) -> None:
    """Push, render and record what differs."""
    session, source = call.session(), _source(call)
    if not call.keeps_images(session):
        check_base(allowed=call.options.allow_outdated_base)
    with environment_lock(session.folder):
        selection = call.selection(session, source)
        _do(call, call.plan(session, selection, source), selection, source)


def promote(call: Call) -> None:
    """Deploy the images of one environment to another."""
    session, source = call.session(), _source(call)
    origin = Folder.find(call.deploy, call.options.origin)
    wanted = session.environment.promoted_from
    if wanted and wanted != origin.name:
        raise BadFileError(
            session.folder.shown("environment.toml"), f"{session.folder.name} is promoted from {wanted} alone"
        )
    if origin.name == session.folder.name:
        raise SameEnvironmentError(origin.name)
    with environment_lock(session.folder):
        selection = session.promoted(origin, only=call.options.service)
        _do(call, call.plan(session, selection, source), selection, source)


def _source(call: Call) -> Source:
    source = read_source(call.workspace)
    if call.options.commit and not source.is_committed:
        raise UnclearSourceError("there are changes that are not committed: commit them first, or leave out --commit")
    if call.options.commit:
        check_identity(call.workspace)
    return source


def _do(call: Call, made: Plan, selection: ImageSelection, source: Source) -> None:
    print(report.text(made, source), flush=True)
    if not call.options.allow_break:
        contracts = {change.service: change.contract for change in made.work if change.contract is not None}
        call.contract_changes(made.folder, contracts).check()
    Deployment(bring=selection.bring, sources=selection.sources, now=call.now).apply(made)
    if call.options.commit:
        revision = commit(call.workspace, message(made), made.folder.written(_committed(call, made)))
        print(f"committed {revision[:12]}" if revision else "nothing to commit")
    for line in _next_steps(made):
        print(line)


def _committed(call: Call, made: Plan) -> list[str]:
    """Return the services whose files belong in the commit, including services that an interrupted run removed."""
    there = [change.service for change in made.changes]
    gone = [] if call.options.service else recorded(call.workspace, made.folder.path)
    return sorted({*there, *gone})


def _next_steps(made: Plan) -> list[str]:
    """Return the commands to run without a GitOps agent. None of them deletes storage.

    Streams and consumers are created before the processes that use them.
    """
    gone = [kebab(change.service) for change in made.work if change.kind is Kind.REMOVED]
    kinds = "deployment,service,serviceaccount,job,cronjob,hpa,pdb,ingress,networkpolicy"
    environment = made.folder.environment()
    steps = [f"kubectl apply -f deploy/{made.folder.name}/manifests"] if len(made.work) > len(gone) else []
    if steps and environment.events:
        server = environment.events.url.partition(",")[0]
        steps = [f"bazel run //tools/events:reconcile -- --url {server}", *steps]
    return steps + [
        f"kubectl delete {kinds} -n {environment.namespace} -l app.kubernetes.io/name={name}" for name in gone
    ]


_COMMANDS: dict[str, Callable[[Call], None]] = {"plan": plan, "apply": apply, "promote": promote}
