"""Reading of messages: which handler an event has, and the event as its class."""

from collections.abc import Sequence
from typing import Any

from pydantic import ValidationError

from libs.events.consumer import Handler
from libs.events.errors import Reason, Rejected
from libs.events.event import Attributes, Event, constant, newest_version


def read_event(data: bytes, handlers: Sequence[Handler[Any]]) -> tuple[Handler[Any], Event[Any]]:
    """Return the event of a message, and its handler.

    Raises:
        Rejected: the message is malformed, or its type or version is none that the handlers know.
    """
    try:
        attributes = Attributes.model_validate_json(data)
        handler = next((each for each in handlers if _handles(each, attributes)), None)
        if handler is None:
            raise Rejected(Reason.UNKNOWN_TYPE, f"no handler for {attributes.source} {attributes.type}")
        newest = newest_version(handler.event)
        if attributes.dataversion > newest:
            detail = f"{attributes.type} has version {attributes.dataversion}; this consumer reads {newest}"
            raise Rejected(Reason.NEWER_VERSION, detail)
        return handler, handler.event.model_validate_json(data)
    except ValidationError as error:
        raise Rejected(Reason.MALFORMED, _faults(error)) from error


def _handles(handler: Handler[Any], attributes: Attributes) -> bool:
    names = (constant(handler.event, "source"), constant(handler.event, "type"))
    return names == (attributes.source, attributes.type)


def _faults(error: ValidationError) -> str:
    """Return what is wrong with a message, without its values, which may be personal data."""
    faults = error.errors(include_input=False, include_url=False, include_context=False)
    return "; ".join(f"{'.'.join(map(str, fault['loc'])) or 'message'}: {fault['type']}" for fault in faults)
