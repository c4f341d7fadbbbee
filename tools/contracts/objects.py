"""Compare the properties of two objects."""

from tools.contracts.checks import Direction, Finding, Location, finding
from tools.contracts.shapes import Conjunction, Shape

_HIDDEN = {Direction.REQUEST: "readOnly", Direction.RESPONSE: "writeOnly"}


def property_changes(
    old: Shape, new: Shape, place: Location
) -> tuple[list[Finding], list[tuple[Conjunction, Conjunction]]]:
    """Return the added, removed and newly required properties, and the schemas of the properties that both have.

    A property that is `readOnly` is not part of a request, and one that is `writeOnly` is not part of a response.
    """
    before, after = _visible(old, place), _visible(new, place)
    changes = [
        *(_removed(name, old, place) for name in before if name not in after),
        *(_added(name, old, new, place) for name in after if name not in before),
    ]
    common = [name for name in after if name in before]
    changes += [_requirement(name, new, place) for name in common if (name in old.required) != (name in new.required)]
    return changes, [(before[name], after[name]) for name in common]


def _visible(shape: Shape, place: Location) -> dict[str, Conjunction]:
    hidden = _HIDDEN[place.direction]
    return {
        name: schema
        for name, schema in shape.properties.items()
        if not any(node.value not in (True, False) and node.resolved().flag(hidden) for node in schema)
    }


def _removed(name: str, old: Shape, place: Location) -> Finding:
    where, detail = _place(old, name), f"property {name!r} is gone"
    if place.direction is Direction.REQUEST:
        return finding("request-property-removed", where, detail)
    kind = "required" if name in old.required else "optional"
    return finding(f"response-{kind}-property-removed", where, detail)


def _added(name: str, old: Shape, new: Shape, place: Location) -> Finding:
    where, is_required = _place(new, name), name in new.required
    kind = "required" if is_required else "optional"
    detail = f"there is a new {kind} property {name!r}"
    if place.direction is Direction.REQUEST:
        return finding(f"new-{kind}-request-property{_with_default(name, new) if is_required else ''}", where, detail)
    if old.is_closed:
        return finding("response-property-added-to-closed-object", where, detail)
    return finding(f"response-{kind}-property-added", where, detail)


def _requirement(name: str, new: Shape, place: Location) -> Finding:
    is_required = name in new.required
    verb = "required" if is_required else "optional"
    suffix = _with_default(name, new) if is_required and place.direction is Direction.REQUEST else ""
    check = f"{place.direction}-property-became-{verb}{suffix}"
    return finding(check, _place(new, name), f"property {name!r} became {verb}")


def _with_default(name: str, shape: Shape) -> str:
    has_default = any("default" in node.members() for node in shape.properties[name] if isinstance(node.value, dict))
    return "-with-default" if has_default else ""


def _place(shape: Shape, name: str) -> str:
    nodes = shape.properties[name]
    return nodes[0].pointer if nodes else f"{shape.pointer}/required"
