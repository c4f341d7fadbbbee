"""Dependencies that need nothing but the request, called straight.

FastAPI solves each dependency as it solves a route: a response is made, parameters of five kinds are looked for, three
caches are asked what kind of function it is. For one that takes the request alone, as collaborators and permissions do,
that is ten times the work of the call. What such a dependency states (its security scheme, its policy) stays on the
route.
"""

import dataclasses
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from inspect import iscoroutinefunction
from typing import Any

from fastapi import Request
from fastapi.dependencies.models import Dependant

_KEY = "libs.web.plain"
_REQUEST = "libs_web_request"

_Found = dict[Callable[..., Any], Any]
"""What has been called for this request, and what it gave."""


@dataclass(frozen=True, slots=True)
class _Plain:
    """One dependency, and those that it takes the results of."""

    name: str | None
    call: Callable[..., Awaitable[Any]]
    request_name: str | None
    parts: Sequence["_Plain"]
    use_cache: bool

    @classmethod
    def of(cls, dependant: Dependant) -> "_Plain":
        request_name = dependant.request_param_name or dependant.http_connection_param_name
        parts = tuple(map(cls.of, dependant.dependencies))
        assert dependant.call is not None  # noqa: S101  # it is async, see `_is_plain`
        return cls(dependant.name, dependant.call, request_name, parts, dependant.use_cache)

    async def solve(self, request: Request, found: _Found) -> Any:  # noqa: ANN401  # whatever it gives
        if self.use_cache and self.call in found:
            return found[self.call]
        values: dict[str, Any] = {self.request_name: request} if self.request_name else {}
        for part in self.parts:
            value = await part.solve(request, found)
            if part.name is not None:
                values[part.name] = value
        found[self.call] = value = await self.call(**values)
        return value


class PlainDependencies:
    """All dependencies of a route, where all are plain, and the route without them.

    They are called in their order and before the body is read, so that who may not call is told that and nothing else.
    """

    def __init__(self, whole: Dependant) -> None:
        self._parts = tuple(map(_Plain.of, whole.dependencies))
        self.route = _without(whole)

    @classmethod
    def of(cls, whole: Dependant) -> "PlainDependencies | None":
        """The dependencies of a route; None unless all are plain, for then FastAPI has to call them."""
        if whole.dependencies and iscoroutinefunction(whole.call) and all(map(_is_plain, whole.dependencies)):
            return cls(whole)
        return None

    async def solve(self, request: Request) -> None:
        """Call them; what one raises is the answer."""
        found: _Found = {}
        values = request.scope[_KEY] = {}
        for each in self._parts:
            value = await each.solve(request, found)
            if each.name is not None:
                values[each.name] = value


def _without(whole: Dependant) -> Dependant:
    """The route with none, whose endpoint takes their results from the request."""
    endpoint, name = whole.call, whole.request_param_name
    assert endpoint is not None  # noqa: S101  # a route has one

    async def call(**values: Any) -> Any:  # noqa: ANN401  # whatever the endpoint takes and gives
        request = values[name] if name else values.pop(_REQUEST)
        return await endpoint(**values, **request.scope[_KEY])

    return dataclasses.replace(whole, dependencies=[], call=call, request_param_name=name or _REQUEST)


def _is_plain(dependant: Dependant) -> bool:
    parameters = (
        dependant.path_params,
        dependant.query_params,
        dependant.header_params,
        dependant.cookie_params,
        dependant.body_params,
        dependant.response_param_name,
        dependant.background_tasks_param_name,
        dependant.security_scopes_param_name,
        dependant.websocket_param_name,
        dependant.concurrency,
    )
    return not any(parameters) and _is_async(dependant.call) and all(map(_is_plain, dependant.dependencies))


def _is_async(call: Callable[..., Any] | None) -> bool:
    # A class is called to make an object, any other thing that is no function by what its class says.
    return iscoroutinefunction(call) or (not isinstance(call, type) and iscoroutinefunction(type(call).__call__))
