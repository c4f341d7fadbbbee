"""The events of the user service: the contract with the services that consume them. See docs/events.md."""

from typing import Literal

from pydantic import ConfigDict

from libs.events.event import Event, EventData


class UserDeletedData(EventData):
    """Nothing: `subject` is the id of the user, and everything else about them is erased."""

    model_config = ConfigDict(json_schema_extra={"examples": [{}]})


class UserDeleted(Event[UserDeletedData]):
    """A user was deleted. Consumers delete their data about the user."""

    source: Literal["user_service"] = "user_service"
    type: Literal["user.deleted"] = "user.deleted"
    dataversion: Literal[1] = 1


class UserRenamedData(EventData):
    """Nothing: the display name is personal data, which outbox and stream would keep after the user is deleted."""

    model_config = ConfigDict(json_schema_extra={"examples": [{}]})


class UserRenamed(Event[UserRenamedData]):
    """A user changed their display name, which is read at `/directory`. `subject` is the id of the user."""

    source: Literal["user_service"] = "user_service"
    type: Literal["user.renamed"] = "user.renamed"
    dataversion: Literal[1] = 1
