"""Compare the discriminators of two unions."""

from collections.abc import Iterator

from tools.contracts.checks import Finding, Location
from tools.contracts.documents import Node


def discriminator_findings(old: Node | None, new: Node | None, place: Location) -> Iterator[Finding]:
    """Yield the differences in the discriminator's property and in its values."""
    if old is None or new is None:
        if new is not None:
            yield place.finding("discriminator-added", new.pointer, "there is a discriminator")
        elif old is not None:
            yield place.finding("discriminator-removed", old.pointer, "the discriminator is gone")
        return
    before, after = old.string("propertyName"), new.string("propertyName")
    if before != after:
        detail = f"the discriminator {before!r} became {after!r}"
        yield place.finding("discriminator-property-name-changed", f"{new.pointer}/propertyName", detail)
    yield from _mapping(old.objects("mapping"), new.objects("mapping"), place)


def _mapping(old: dict[str, Node], new: dict[str, Node], place: Location) -> Iterator[Finding]:
    for value, node in old.items():
        if value not in new:
            yield place.finding("discriminator-mapping-deleted", node.pointer, f"value {value!r} is gone")
        elif node.value != new[value].value:
            detail = f"value {value!r} names another schema"
            yield place.finding("discriminator-mapping-changed", new[value].pointer, detail)
    for value, node in new.items():
        if value not in old:
            yield place.finding("discriminator-mapping-added", node.pointer, f"value {value!r} is new")
