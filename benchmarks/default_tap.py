"""A tap for the same streams, written as in the SDK's template, with the SDK's defaults."""

from __future__ import annotations

import base64
import json
from datetime import timezone
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import ParseResult

from singer_sdk import SchemaDirectory, StreamSchema, Tap
from singer_sdk import typing as th
from singer_sdk.authenticators import OAuthAuthenticator
from singer_sdk.pagination import BaseHATEOASPaginator
from singer_sdk.streams import RESTStream
from typing_extensions import override

from tap_akeneo import schemas

if TYPE_CHECKING:
    from collections.abc import Sequence

    import requests
    from singer_sdk.helpers.types import Context
    from singer_sdk.streams.rest import HTTPRequest, PageContext

_SCHEMAS = SchemaDirectory(schemas)


class PasswordGrant(OAuthAuthenticator):
    """Authenticate with the password grant of the PIM's token endpoint."""

    def __init__(self, config: dict[str, Any]) -> None:
        client = f"{config['client_id']}:{config['client_secret']}".encode()
        super().__init__(
            auth_endpoint=f"{config['base_url']}/api/oauth/v1/token",
            oauth_headers={"Authorization": f"Basic {base64.b64encode(client).decode()}"},
        )
        self._config_of_tap = config

    @property
    @override
    def oauth_request_body(self) -> dict[str, str]:
        return {
            "grant_type": "password",
            "username": self._config_of_tap["username"],
            "password": self._config_of_tap["password"],
        }


class NextLink(BaseHATEOASPaginator):
    """Follow ``_links.next``."""

    @override
    def get_next_url(self, response: requests.Response) -> str | None:
        url: str | None = response.json()["_links"].get("next", {}).get("href")
        return url


class PimStream(RESTStream[ParseResult]):
    """A list of the PIM."""

    records_jsonpath = "$._embedded.items[*]"
    schema = StreamSchema(_SCHEMAS)

    @property
    @override
    def url_base(self) -> str:
        return f"{self.config['base_url']}/api/rest/v1"

    @cached_property
    @override
    def authenticator(self) -> PasswordGrant:
        return PasswordGrant(dict(self.config))

    @override
    def get_new_paginator(self) -> NextLink:
        return NextLink()

    @override
    def get_http_request(self, *, page: PageContext[ParseResult]) -> HTTPRequest:
        request = super().get_http_request(page=page)
        if page.next_page_token:
            request.url, request.params = page.next_page_token.geturl(), {}
        else:
            request.params = {**self.params(page.stream_context)}
        return request

    def params(self, context: Context | None) -> dict[str, str]:  # noqa: ARG002 (for subclasses)
        """Return the query parameters of the first page."""
        return {"limit": "100"}


class Products(PimStream):
    """Products."""

    name = "products"
    path = "/products-uuid"
    primary_keys: ClassVar[tuple[str, ...]] = ("uuid",)
    replication_key = "updated"

    @override
    def params(self, context: Context | None) -> dict[str, str]:
        params = {
            **super().params(context),
            "pagination_type": "search_after",
            "with_completenesses": "true",
            "with_quality_scores": "true",
        }
        if since := self.get_starting_timestamp(context):
            wall = since.astimezone(timezone.utc).strftime("%Y-%m-%d %H:%M:%S")
            params["search"] = json.dumps({"updated": [{"operator": ">", "value": wall}]})
        return params


class Attributes(PimStream):
    """Attributes."""

    name = "attributes"
    path = "/attributes"
    primary_keys: ClassVar[tuple[str, ...]] = ("code",)

    @override
    def get_child_context(self, record: dict[str, Any], context: Context | None) -> dict[str, str]:
        return {"attribute": record["code"]}


class AttributeOptions(PimStream):
    """The options of each attribute."""

    name = "attribute_options"
    path = "/attributes/{attribute}/options"
    primary_keys: ClassVar[tuple[str, ...]] = ("attribute", "code")
    parent_stream_type = Attributes
    # Otherwise the state grows by one bookmark for each attribute.
    state_partitioning_keys: ClassVar[list[str]] = []


class DefaultTap(Tap):
    """A tap with the SDK's defaults."""

    name = "default-tap"
    config_jsonschema: ClassVar[dict[str, Any]] = th.PropertiesList(
        *(
            th.Property(name, th.StringType(nullable=False), required=True)
            for name in ("base_url", "client_id", "client_secret", "username", "password")
        ),
        th.Property("start_date", th.DateTimeType()),
    ).to_dict()

    @override
    def discover_streams(self) -> Sequence[PimStream]:
        return [Products(self), Attributes(self), AttributeOptions(self)]


if __name__ == "__main__":
    DefaultTap.cli()
