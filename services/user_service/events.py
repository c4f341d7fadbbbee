"""The events of the user service: the contract with the services that consume them. See docs/events.md."""

from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from libs.events.event import Event, EventData


class UserDeletedData(EventData):
    """Nothing: `subject` is the id of the user, and everything else about them is erased."""

    model_config = ConfigDict(json_schema_extra={"examples": [{}]})


class UserDeleted(Event[UserDeletedData]):
    """A user was deleted. Consumers erase what they know of them."""

    source: Literal["user_service"] = "user_service"
    type: Literal["user.deleted"] = "user.deleted"
    dataversion: Literal[1] = 1


class UserRenamedData(EventData):
    """The display name of a user after the change."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"name": "Ada Lovelace"}]})

    name: Annotated[str, Field(max_length=200)]


class UserRenamed(Event[UserRenamedData]):
    """A user changed their display name. `subject` is the id of the user."""

    source: Literal["user_service"] = "user_service"
    type: Literal["user.renamed"] = "user.renamed"
    dataversion: Literal[1] = 1
