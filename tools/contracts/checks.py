"""The checks, by the names that oasdiff publishes, and which of them are breaking.

The id of a check of a schema is a location and an aspect: `request-property-max-length-decreased`. The classification
is that of oasdiff, whose levels `ERR` and `WARN` are both breaking, except for `STRICTER`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

OASDIFF_VERSION = "1.28.0"
"""The version of oasdiff whose names and verdicts are followed; other versions differ."""


class Direction(StrEnum):
    """The direction of data: a request may become wider, a response must not."""

    REQUEST = "request"
    RESPONSE = "response"
    NONE = "none"


@dataclass(frozen=True)
class Finding:
    """One difference between two contracts.

    Attributes:
        check: id of the check.
        is_breaking: whether a client of the old contract can fail.
        direction: of the data.
        pointer: JSON pointer into the new contract, or into the old one for what was removed.
        detail: what changed.
        operation: method and path, such as `GET /products`; empty for the document.
    """

    check: str
    is_breaking: bool
    direction: Direction
    pointer: str
    detail: str
    operation: str = ""


@dataclass(frozen=True)
class Location:
    """Where in an operation a schema is used; `below` is the place of its properties and items."""

    name: str
    direction: Direction
    below: str

    @property
    def nested(self) -> "Location":
        """The place of properties and items."""
        return Location(self.below, self.direction, self.below)

    def finding(self, aspect: str, pointer: str, detail: str) -> Finding:
        """Return the finding of an aspect at this place."""
        in_request, in_response = ASPECTS[aspect]
        is_breaking = in_request if self.direction is Direction.REQUEST else in_response
        return Finding(f"{self.name}-{aspect}", is_breaking, self.direction, pointer, detail)


PARAMETER = Location("request-parameter", Direction.REQUEST, "request-parameter-property")
REQUEST_BODY = Location("request-body", Direction.REQUEST, "request-property")
RESPONSE_BODY = Location("response-body", Direction.RESPONSE, "response-property")
RESPONSE_HEADER = Location("response-header", Direction.RESPONSE, "response-header")

_UPPER = ("max", "exclusive-max", "max-length", "max-items", "max-properties", "max-contains")
_LOWER = ("min", "exclusive-min", "min-length", "min-items", "min-properties", "min-contains")
# `minLength`, `minProperties` and `minContains` have defaults, so that they increase and decrease only.
_OPTIONAL = (*_UPPER, "min", "exclusive-min", "min-items")

CONDITIONS = {
    "not": "not",
    "if": "if",
    "then": "then",
    "else": "else",
    "contains": "contains",
    "dependentRequired": "dependent-required",
    "dependentSchemas": "dependent-schema",
    "patternProperties": "pattern-property",
    "propertyNames": "property-names",
    "unevaluatedItems": "unevaluated-items",
    "unevaluatedProperties": "unevaluated-properties",
    "contentSchema": "content-schema",
    "contentMediaType": "content-media-type",
    "contentEncoding": "content-encoding",
}
"""Keywords whose values are compared as a whole, with the names of their checks."""

ASPECTS: Mapping[str, tuple[bool, bool]] = {
    # Whether it is breaking in a request, and in a response.
    "became-nullable": (False, True),
    "became-not-nullable": (True, False),
    "type-changed": (True, True),
    "type-generalized": (False, True),
    "type-specialized": (True, False),
    "list-of-types-widened": (False, True),
    "list-of-types-narrowed": (True, False),
    "any-of-added": (False, True),
    "any-of-removed": (True, False),
    "one-of-added": (False, True),
    "one-of-removed": (True, False),
    "became-enum": (True, False),
    "enum-removed": (False, True),
    "enum-value-added": (False, True),
    "enum-value-removed": (True, False),
    "const-changed": (True, True),
    "discriminator-added": (False, False),
    "discriminator-removed": (False, False),
    "discriminator-property-name-changed": (True, True),
    "discriminator-mapping-added": (False, True),
    "discriminator-mapping-deleted": (True, False),
    "discriminator-mapping-changed": (True, True),
    "pattern-added": (True, False),
    "pattern-removed": (False, False),
    "pattern-changed": (True, False),
    "multiple-of-added": (True, False),
    "multiple-of-removed": (False, True),
    "multiple-of-changed": (True, True),
    "unique-items-added": (True, False),
    "unique-items-removed": (False, True),
    "prefix-items-added": (False, True),
    "prefix-items-removed": (True, False),
    "additional-properties-forbidden": (True, False),
    "additional-properties-allowed": (False, True),
    "unknown-keyword": (True, True),
    **{f"{limit}-increased": (False, True) for limit in _UPPER},
    **{f"{limit}-decreased": (True, False) for limit in _UPPER},
    **{f"{limit}-increased": (True, False) for limit in _LOWER},
    **{f"{limit}-decreased": (False, True) for limit in _LOWER},
    **{f"{limit}-set": (True, False) for limit in _OPTIONAL},
    **{f"{limit}-unset": (False, True) for limit in _OPTIONAL},
    **{f"{name}-added": (True, False) for name in CONDITIONS.values()},
    **{f"{name}-removed": (False, True) for name in CONDITIONS.values()},
    **{f"{name}-changed": (True, True) for name in CONDITIONS.values()},
}
"""Aspects of a schema."""

CHECKS: Mapping[str, tuple[Direction, bool]] = {
    "api-path-removed-without-deprecation": (Direction.NONE, True),
    "api-removed-without-deprecation": (Direction.NONE, True),
    "api-removed-with-deprecation": (Direction.NONE, True),
    "endpoint-added": (Direction.NONE, False),
    "endpoint-deprecated": (Direction.NONE, False),
    "endpoint-reactivated": (Direction.NONE, False),
    "api-operation-id-removed": (Direction.NONE, True),
    "api-operation-id-added": (Direction.NONE, False),
    "api-security-added": (Direction.NONE, True),
    "api-security-removed": (Direction.NONE, False),
    "api-callbacks-changed": (Direction.NONE, True),
    "webhook-added": (Direction.NONE, False),
    "webhook-removed": (Direction.NONE, True),
    "webhook-changed": (Direction.NONE, True),
    "new-required-request-parameter": (Direction.REQUEST, True),
    "new-optional-request-parameter": (Direction.REQUEST, False),
    "request-parameter-removed": (Direction.REQUEST, True),
    "request-parameter-became-required": (Direction.REQUEST, True),
    "request-parameter-became-optional": (Direction.REQUEST, False),
    "request-parameter-renamed": (Direction.REQUEST, False),
    "request-parameter-style-changed": (Direction.REQUEST, True),
    "request-parameter-default-value-added": (Direction.REQUEST, True),
    "request-parameter-default-value-removed": (Direction.REQUEST, True),
    "request-parameter-default-value-changed": (Direction.REQUEST, True),
    "request-body-added-required": (Direction.REQUEST, True),
    "request-body-added-optional": (Direction.REQUEST, False),
    "request-body-removed": (Direction.REQUEST, True),
    "request-body-became-required": (Direction.REQUEST, True),
    "request-body-became-optional": (Direction.REQUEST, False),
    "request-body-media-type-added": (Direction.REQUEST, False),
    "request-body-media-type-removed": (Direction.REQUEST, True),
    "request-body-media-type-schema-added": (Direction.REQUEST, True),
    "request-body-media-type-schema-removed": (Direction.REQUEST, False),
    "request-body-encoding-changed": (Direction.REQUEST, True),
    "new-required-request-property": (Direction.REQUEST, True),
    "new-required-request-property-with-default": (Direction.REQUEST, True),
    "new-optional-request-property": (Direction.REQUEST, False),
    "request-property-removed": (Direction.REQUEST, True),
    "request-property-became-required": (Direction.REQUEST, True),
    "request-property-became-required-with-default": (Direction.REQUEST, True),
    "request-property-became-optional": (Direction.REQUEST, False),
    "response-success-status-removed": (Direction.RESPONSE, True),
    "response-success-status-added": (Direction.RESPONSE, False),
    "response-non-success-status-removed": (Direction.RESPONSE, False),
    "response-non-success-status-added": (Direction.RESPONSE, False),
    "response-media-type-added": (Direction.RESPONSE, False),
    "response-media-type-removed": (Direction.RESPONSE, True),
    "response-body-media-type-schema-added": (Direction.RESPONSE, False),
    "response-body-media-type-schema-removed": (Direction.RESPONSE, True),
    "response-body-encoding-changed": (Direction.RESPONSE, True),
    "response-required-property-added": (Direction.RESPONSE, False),
    "response-optional-property-added": (Direction.RESPONSE, False),
    "response-property-added-to-closed-object": (Direction.RESPONSE, True),
    "response-required-property-removed": (Direction.RESPONSE, True),
    "response-optional-property-removed": (Direction.RESPONSE, True),
    "response-property-became-optional": (Direction.RESPONSE, True),
    "response-property-became-required": (Direction.RESPONSE, False),
    "response-header-added": (Direction.RESPONSE, False),
    "required-response-header-removed": (Direction.RESPONSE, True),
    "optional-response-header-removed": (Direction.RESPONSE, True),
    "response-header-became-optional": (Direction.RESPONSE, True),
    "response-header-became-required": (Direction.RESPONSE, False),
}
"""Checks of everything but schemas: the direction of each, and whether it is breaking."""

STRICTER = (
    "api-operation-id-removed",
    "api-removed-with-deprecation",
    "api-security-added",
    "response-body-any-of-added",
    "response-property-any-of-added",
    "*-discriminator-property-name-changed",
    "request-*-discriminator-mapping-deleted",
    "response-*-discriminator-mapping-added",
    "*-discriminator-mapping-changed",
)
"""Published checks that are breaking here and of level `INFO` for oasdiff."""


def finding(check: str, pointer: str, detail: str) -> Finding:
    """Return the finding of a check that is not about a schema."""
    direction, is_breaking = CHECKS[check]
    return Finding(check, is_breaking, direction, pointer, detail)
