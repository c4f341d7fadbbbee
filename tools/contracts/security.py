"""Compare the credentials that two operations require."""

from collections.abc import Iterator

from tools.contracts.checks import Finding, finding
from tools.contracts.documents import Node
from tools.contracts.shapes import as_text

_Requirement = dict[str, frozenset[str]]


def security_findings(old: Node, new: Node) -> Iterator[Finding]:
    """Yield a finding if other credentials are required. Schemes are compared by type, not by name."""
    before, after = _requirements(old), _requirements(new)
    unmet = [each for each in before if not any(_is_met(other, by=each) for other in after)]
    if unmet:
        yield finding("api-security-added", f"{new.pointer}/security", "credentials that sufficed do not any more")
    elif any(not any(_is_met(other, by=each) for other in before) for each in after):
        yield finding("api-security-removed", f"{new.pointer}/security", "fewer or other credentials suffice")


def _requirements(operation: Node) -> list[_Requirement]:
    """Return the alternatives, of which a caller must satisfy one; without alternatives no credentials are required."""
    root = operation.document.root
    owner = operation if operation.child("security") else root
    found = [_requirement(root, each) for each in owner.list_of("security")]
    return found or [{}]


def _requirement(root: Node, requirement: Node) -> _Requirement:
    components = root.child("components")
    schemes = components.objects("securitySchemes") if components else {}
    named: _Requirement = {}
    for name, scopes in requirement.members().items():
        if name not in schemes:
            raise scopes.invalid("the name of a security scheme")
        named[_identity(schemes[name].resolved())] = frozenset(str(scope.value) for scope in scopes.entries())
    return named


def _identity(scheme: Node) -> str:
    """Return the properties of a scheme that clients depend on; the addresses of its flows are not included."""
    kept = {key: node for key, node in scheme.members().items() if key in ("type", "scheme", "in", "name")}
    return " ".join(f"{key}={as_text(node).lower()}" for key, node in sorted(kept.items()))


def _is_met(requirement: _Requirement, *, by: _Requirement) -> bool:
    return all(scheme in by and scopes <= by[scheme] for scheme, scopes in requirement.items())
