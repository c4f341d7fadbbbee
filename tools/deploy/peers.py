"""Connections between services of an environment: each side's network is closed until that side names the other."""

import difflib
from collections.abc import Mapping
from dataclasses import dataclass

from tools.deploy.configuration import Configuration
from tools.deploy.errors import BadFileError
from tools.deploy.records import Folder

_TO, _FROM = "to_services", "from_services"


def check_peers(folder: Folder, configurations: Mapping[str, Configuration]) -> None:
    """Refuse a call of a service that is not configured here, and a connection that only one side names.

    A caller may be missing: it is not here yet, or no more. Raises BadFileError for the first.
    """
    peers = _Peers(folder=folder, namespace=folder.environment().namespace, configurations=configurations)
    for service, configuration in configurations.items():
        for peer in configuration.network.to_services:
            peers.check(service, peer, key=_TO, agrees=peers.lets_in(peer, service))
        for peer in sorted(configurations.keys() & configuration.network.from_services):
            peers.check(service, peer, key=_FROM, agrees=peers.calls(peer, service))


@dataclass(frozen=True, kw_only=True)
class _Peers:
    """The services of an environment."""

    folder: Folder
    namespace: str
    configurations: Mapping[str, Configuration]

    def check(self, service: str, peer: str, *, key: str, agrees: bool) -> None:
        theirs = self.folder.shown(f"{peer}.toml")
        if peer not in self.configurations:
            reason = f"there is no {theirs}; {self._hint(peer)}"
        elif not agrees:
            reason = f"network.{_FROM if key == _TO else _TO} in {theirs} does not name {service}"
        else:
            return
        raise BadFileError(self.folder.shown(f"{service}.toml"), f"network.{key} names {peer}, but {reason}")

    def lets_in(self, service: str, caller: str) -> bool:
        """Whether a service lets another one in, by its name or with all of the namespace."""
        there = self.configurations.get(service)
        return there is not None and (
            caller in there.network.from_services or self.namespace in there.network.from_namespaces
        )

    def calls(self, service: str, called: str) -> bool:
        """Whether a service may talk to another one."""
        there = self.configurations.get(service)
        return there is not None and called in there.network.to_services

    def _hint(self, name: str) -> str:
        near = difflib.get_close_matches(name, self.configurations, n=1)
        return f"did you mean {near[0]}?" if near else f"{self.folder.name} has {', '.join(self.configurations)}"
