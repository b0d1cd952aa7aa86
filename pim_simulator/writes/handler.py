"""Handle POST, PATCH and DELETE."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import uuid4

from pim_simulator.http.errors import ApiError, documented, violations
from pim_simulator.http.messages import (
    PREFIX,
    Request,
    Response,
    decode_object,
    encode,
    json_response,
    parse_json,
)
from pim_simulator.http.paging import path_link
from pim_simulator.writes.writer import Writer

if TYPE_CHECKING:
    from pim_simulator.database.installation import Installation
    from pim_simulator.http.resource import Resource
    from pim_simulator.http.routes import Route
    from pim_simulator.writes.writer import AnyKey

_MAX_LINES = 100
_MAX_LINE_LENGTH = 1_000_000
_IN_ANCHORS = str.maketrans("-/{}", "____")


class WriteHandler:
    """Handles the requests that change something."""

    def __init__(self, pim: Installation) -> None:
        self._pim = pim
        self._writer = Writer(pim)
        self._profile = pim.profile

    def respond(self, route: Route, request: Request) -> Response:
        """Return the response to a request."""
        try:
            return self._respond(route, request)
        except ApiError as error:
            if route.resource.path == "products-uuid" and "_links" in error.more:
                # Recorded on 7.0.84.
                operation = route.path.removeprefix(f"{PREFIX}/").translate(_IN_ANCHORS)
                anchor = f"api-reference.html#{route.method.lower()}_{operation}"
                raise documented(error.message, anchor) from None
            raise

    def _respond(self, route: Route, request: Request) -> Response:
        if route.action == "partial_update_list":
            return self._update_many(route.resource, request)
        if route.action == "delete":
            return self._delete(route.resource, request)
        if route.action == "upload":
            raise ApiError(422, 'Property "product" or "product_model" is required.')
        if route.action == "create_or_update":
            return self._save_measurement_families(request)
        data = decode_object(request.content)
        resource = route.resource
        self._check(route, data)
        if route.action == "create":
            code = self._code_of_new(resource, data)
            if self._writer.exists(resource.table, _key(resource, request, code)):
                raise self._already_there(resource, code)
        else:
            code = request.parts[resource.placeholder]
        created = self._save(resource, request, code, data)
        location = path_link(request.base, f"{resource.url_path(request.parts)}/{code}")
        return Response(201 if created else 204, b"", {"location": location})

    def _check(self, route: Route, data: dict[str, Any]) -> None:
        """Raise the errors of the PIM's validation of a body (recorded on 7.0.84)."""
        if route.resource.path == "categories":
            for locale in data.get("labels", {}):
                if locale not in self._pim.store.locales:
                    raise violations(("labels", f'The locale "{locale}" does not exist.'))
        if route.resource.path == "attributes" and route.action == "create":
            missing = [name for name in ("type", "group") if not data.get(name)]
            if missing:
                raise violations(*((name, "This value should not be blank.") for name in missing))

    def _update_many(self, resource: Resource, request: Request) -> Response:
        """Save each line; each has its own status (``StreamResourceResponse``)."""
        lines = request.content.split(b"\n")
        if lines and not lines[-1]:
            lines.pop()
        if len(lines) > _MAX_LINES:
            message = f"Too many resources to process, {_MAX_LINES} is the maximum allowed."
            raise ApiError(413, message)
        statuses = [
            encode(self._line(resource, request, number, line))
            for number, line in enumerate(lines, start=1)
        ]
        kind = "application/vnd.akeneo.collection+json"
        return Response(200, b"\n".join(statuses), {"content-type": kind})

    def _save_measurement_families(self, request: Request) -> Response:
        """Save a bare list of measurement families; each has its own status."""
        families = parse_json(request.content)
        if not isinstance(families, list):
            raise ApiError(400, "Invalid json message received")
        saved = []
        for family in families:
            created = self._writer.save("measurement_families", family["code"], family)
            saved.append({"code": family["code"], "status_code": 201 if created else 204})
        return json_response(saved)

    def _line(
        self, resource: Resource, request: Request, number: int, line: bytes
    ) -> dict[str, Any]:
        status: dict[str, Any] = {"line": number}
        try:
            self._save_line(resource, request, line, status)
        except ApiError as error:
            status |= {"status_code": error.status, "message": error.message, **error.more}
        return status

    def _save_line(
        self, resource: Resource, request: Request, line: bytes, status: dict[str, Any]
    ) -> None:
        if len(line) > _MAX_LINE_LENGTH:
            raise ApiError(413, "Line is too long.")
        name = resource.key
        data = decode_object(line)
        code = data.get(name)
        if code is None or not str(code).strip():
            raise ApiError(422, f"{name.capitalize()} is missing.")
        status[name] = code
        status["status_code"] = 201 if self._save(resource, request, code, data) else 204

    def _save(self, resource: Resource, request: Request, code: str, data: dict[str, Any]) -> bool:
        name = resource.key
        key = _key(resource, request, code)
        if resource.path == "products" and not self._writer.exists("products", code):
            given = data.get("identifier", code)
            if given != code:
                message = (
                    f'The identifier "{given}" provided in the request body must match the '
                    f'identifier "{code}" provided in the url.'
                )
                raise ApiError(422, message)
            self._writer.product(code, **{k: v for k, v in data.items() if k != "identifier"})
            return True
        if name == "code" and data.get("code", code) != code:
            message = (
                f'The code "{data["code"]}" provided in the request body must match the code '
                f'"{code}" provided in the url.'
            )
            raise ApiError(422, message)
        return self._writer.save(resource.table, key, data)

    def _delete(self, resource: Resource, request: Request) -> Response:
        code = request.parts[resource.placeholder]
        key = _key(resource, request, code)
        if not self._writer.exists(resource.table, key):
            what = f'{resource.title} "{code}" does not exist'
            if resource.path == "products-uuid":  # recorded on 7.0.84
                what = f"The {code} product does not exist in your PIM"
            message = f"{what} or you do not have permission to access it."
            raise ApiError(404, message)
        self._writer.delete(resource.table, key)
        return Response(204, b"")

    def _code_of_new(self, resource: Resource, data: dict[str, Any]) -> str:
        if resource.path == "products-uuid":
            return str(data.setdefault("uuid", str(uuid4())))
        if resource.path == "products" and not data.get("identifier"):
            if not self._profile.by_uuid:
                raise violations(("identifier", "The identifier attribute cannot be empty."))
            return str(data.setdefault("uuid", str(uuid4())))
        name = resource.key
        if not data.get(name):
            raise violations((name, "This value should not be blank."))
        return str(data[name])

    @staticmethod
    def _already_there(resource: Resource, code: str) -> ApiError:
        if resource.path == "products":
            message = f"The {code} identifier is already used for another product."
            return violations(("identifier", message))
        if resource.path == "categories":  # recorded on 7.0.84
            return violations(("code", "This value is already used."))
        name = resource.key
        return violations((name, f"The same {name} is already set on another resource."))


def _key(resource: Resource, request: Request, code: str) -> AnyKey:
    return code if resource.owner is None else (request.parts[resource.owner], code)
