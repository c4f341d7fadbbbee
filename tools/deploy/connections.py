"""Connections between services of an environment, which the configuration of both sides must name."""

from collections.abc import Mapping

from tools.deploy.configuration import Configuration
from tools.deploy.errors import BadFileError
from tools.deploy.records import Folder
from tools.deploy.suggestions import suggestion


def check_connections(folder: Folder, configurations: Mapping[str, Configuration], *, namespace: str) -> None:
    """Refuse a call of a service that is not configured here, and a connection that only one side names.

    A caller may be missing: it is not here yet, or no more. Raises BadFileError for the first.
    """
    networks = {service: configuration.network for service, configuration in configurations.items()}
    calls = {(caller, called) for caller, network in networks.items() for called in network.to_services}
    admitted = {(caller, called) for called, network in networks.items() for caller in network.from_services}
    for caller, called in sorted(calls):
        theirs = _file(folder, called)
        if called not in networks:
            hint = suggestion(called, networks) or f"{folder.name} has {', '.join(networks)}"
            raise _refusal(folder, caller, f"to_services names {called}", f"there is no {theirs}; {hint}")
        if (caller, called) not in admitted and namespace not in networks[called].from_namespaces:
            other = f"network.from_services in {theirs} does not name {caller}"
            raise _refusal(folder, caller, f"to_services names {called}", other)
    for caller, called in sorted(admitted - calls):
        if caller in networks:
            other = f"network.to_services in {_file(folder, caller)} does not name {called}"
            raise _refusal(folder, called, f"from_services names {caller}", other)


def _refusal(folder: Folder, service: str, says: str, but: str) -> BadFileError:
    return BadFileError(_file(folder, service), f"network.{says}, but {but}")


def _file(folder: Folder, service: str) -> str:
    return folder.shown(f"{service}.toml")
