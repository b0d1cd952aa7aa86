"""The tap's settings: what they are called, what they mean, and their faults in words."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from singer_sdk import typing as th
from singer_sdk.exceptions import ConfigValidationError

from tap_akeneo.auth import Credentials

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from jsonschema import ValidationError

    from tap_akeneo.windows import Condition

URL_EXAMPLE = "https://my-company.cloud.akeneo.com"

CREDENTIALS = ("client_id", "client_secret", "username", "password")


def _switch(name: str, title: str, description: str, *, default: bool) -> th.Property[bool]:
    return th.Property(
        name, th.BooleanType, title=title, description=description, default=default, examples=[True]
    )


SETTINGS_SCHEMA: dict[str, Any] = th.PropertiesList(
    th.Property(
        "base_url",
        th.StringType,
        required=True,
        title="PIM URL",
        description=(
            "Address of your PIM as you open it in a browser. With or without `https://`, a slash "
            "or a path at its end; `http://` is used only when written out."
        ),
        examples=[URL_EXAMPLE],
    ),
    th.Property(
        "client_id",
        th.StringType,
        required=True,
        title="Client ID",
        description="Client ID of the connection, from Connect > Connection settings in the PIM.",
        examples=["4_5obnu7jwtxs8ssg0k0gco8ckck8ggk0wccc8sgwgk4g8ks8sko"],
    ),
    th.Property(
        "client_secret",
        th.StringType,
        required=True,
        secret=True,
        title="Secret",
        description="Secret of the connection, beside its client ID.",
        examples=["2sg3grn7kbwgk8csgws4k8kc8wk8gk8ckc8gg8c4o8osg4kkg4"],
    ),
    th.Property(
        "username",
        th.StringType,
        required=True,
        title="Username",
        description="Username of the connection, beside its client ID.",
        examples=["warehouse_0123"],
    ),
    th.Property(
        "password",
        th.StringType,
        required=True,
        secret=True,
        title="Password",
        description=(
            "Password of the connection. The PIM shows it once, when the connection is made or "
            "its password regenerated."
        ),
        examples=["4f1d2c6a9"],
    ),
    th.Property(
        "access_token_key",
        th.StringType,
        default="access_token",
        title="Access token key",
        description=(
            "Where the PIM's token answer holds the access token. Dots lead into objects: "
            "`data.access_token`."
        ),
        examples=["access_token"],
    ),
    th.Property(
        "refresh_token_key",
        th.StringType,
        default="refresh_token",
        title="Refresh token key",
        description="Where the PIM's token answer holds the refresh token, written likewise.",
        examples=["refresh_token"],
    ),
    th.Property(
        "start_date",
        th.DateTimeType,
        title="Start date",
        description=(
            "Incremental streams read what changed since then on their first run. ISO 8601; UTC "
            "where no offset is given. Unset: everything."
        ),
        examples=["2025-01-01T00:00:00Z"],
    ),
    th.Property(
        "end_date",
        th.DateTimeType,
        title="End date",
        description=(
            "Makes a bounded backfill: incremental streams read what changed until then, and the "
            "bookmark becomes this date. Products and product models end there; categories give "
            "later changes too, as the PIM cannot bound them."
        ),
        examples=["2025-02-01T00:00:00Z"],
    ),
    th.Property(
        "lookback_seconds",
        th.IntegerType(minimum=0),
        default=300,
        title="Lookback (seconds)",
        description=(
            "How far before the bookmark a run begins. The PIM's search shows changes late; what "
            "comes twice is merged by its key."
        ),
        examples=[300],
    ),
    th.Property(
        "pim_timezone",
        th.StringType,
        title="Time zone of the PIM's server",
        description=(
            "IANA name. Products are filtered in the server's wall time, which its API shows only "
            "by the offsets of dates. Unset: the offset of a product's date, an hour wider for "
            "daylight saving; UTC on SaaS."
        ),
        examples=["Europe/Paris"],
    ),
    th.Property(
        "page_size",
        th.IntegerType(minimum=1, maximum=100),
        default=100,
        title="Page size",
        description="Items a request. Less where the PIM takes long for a page of heavy products.",
        examples=[50],
    ),
    th.Property(
        "max_concurrency",
        th.IntegerType(minimum=1, maximum=10),
        default=4,
        title="Requests at once",
        description=(
            "How many requests may be under way at once. The PIM allows 4 for each connection and "
            "10 in all; more than 4 makes it answer 429."
        ),
        examples=[4],
    ),
    th.Property(
        "request_timeout",
        th.IntegerType(minimum=1),
        default=120,
        title="Request timeout (seconds)",
        description="How long the PIM may stay silent before a request is tried again.",
        examples=[120],
    ),
    th.Property(
        "max_retries",
        th.IntegerType(minimum=0),
        default=8,
        title="Retries",
        description=(
            "How often a request is sent again after 408, 429, 5xx or a broken connection. Waits "
            "double from half a second to a minute, or are what the PIM asks for: 8 last two "
            "minutes."
        ),
        examples=[8],
    ),
    th.Property(
        "user_agent",
        th.StringType,
        title="User agent",
        description="Shown in the logs of the PIM. Unset: `tap-akeneo/` and its version.",
        examples=["warehouse-sync (data@my-company.com)"],
    ),
    th.Property(
        "ca_bundle",
        th.StringType,
        title="Certificate authorities",
        description=(
            "Path of a PEM file of certificate authorities to trust, where the PIM's certificate "
            "is your company's own."
        ),
        examples=["/etc/ssl/certs/my-company.pem"],
    ),
    th.Property(
        "channel",
        th.StringType,
        title="Channel",
        description=(
            "Limits product values to those of one channel. The PIM then also leaves out all "
            "products which are not in the category tree of that channel."
        ),
        examples=["ecommerce"],
    ),
    th.Property(
        "locales",
        th.ArrayType(th.StringType(nullable=False)),
        title="Locales",
        description="Limits product values to these locales and those without a locale.",
        examples=[["en_US", "fr_FR"]],
    ),
    th.Property(
        "attributes",
        th.ArrayType(th.StringType(nullable=False)),
        title="Attributes",
        description="Limits product values to these attributes.",
        examples=[["name", "description", "price"]],
    ),
    th.Property(
        "filters",
        th.ObjectType(additional_properties=True),
        title="Filters",
        description=(
            "Stream name to the PIM's own `search` JSON (api.akeneo.com, filters); joined with "
            "the filter of the bookmark. A stream without a filter is read whole."
        ),
        examples=[{"products": {"enabled": [{"operator": "=", "value": True}]}}],
    ),
    _switch(
        "with_completenesses",
        "Completenesses",
        "Products with their completeness for each channel and locale (6.0+).",
        default=True,
    ),
    _switch(
        "with_quality_scores",
        "Quality scores",
        "Products (5.0+) and product models (6.0+) with their data quality scores.",
        default=True,
    ),
    _switch(
        "with_attribute_options",
        "Labels of options in values",
        "Product values with the labels of their options in `linked_data` (5.0+). Off, as it can "
        "double a product's size; the stream attribute_options holds the same labels.",
        default=False,
    ),
    _switch(
        "with_table_select_options",
        "Options of table columns",
        "Attributes of the type table with the options of their select columns (7.0+).",
        default=True,
    ),
    _switch(
        "with_position",
        "Positions of categories",
        "Categories with their position in their tree (7.0+).",
        default=True,
    ),
    _switch(
        "with_enriched_attributes",
        "Values of categories",
        "Categories with the values of their own attributes (7.0+).",
        default=True,
    ),
).to_dict()


@dataclass(frozen=True)
class Settings:
    """The settings as the tap works with them, checked and in proper types."""

    base_url: str
    credentials: Credentials
    access_token_key: str
    refresh_token_key: str
    start_date: datetime | None
    end_date: datetime | None
    lookback: timedelta
    pim_timezone: ZoneInfo | None
    page_size: int
    max_concurrency: int
    request_timeout: int
    max_retries: int
    user_agent: str | None
    ca_bundle: str | None
    channel: str | None
    locales: tuple[str, ...]
    attributes: tuple[str, ...]
    filters: Mapping[str, Mapping[str, list[Condition]]]
    switches: frozenset[str]
    """Names of the ``with_…`` settings that are on."""

    @classmethod
    def read(
        cls, config: Mapping[str, Any], filterable: Mapping[str, bool], streams: tuple[str, ...]
    ) -> Settings:
        """Checks a configuration and takes it over.

        Args:
            config: As the SDK gives it, defaults filled in.
            filterable: Streams which the PIM can filter, with whether they are incremental.
            streams: Names of all streams.

        Raises:
            ConfigValidationError: With all faults, in words; none tells a secret.
        """
        reader = _Reader(config)
        settings = cls(
            base_url=reader.parsed("base_url", parse_base_url) or "",
            credentials=Credentials(**{name: reader.text(name) or "" for name in CREDENTIALS}),
            access_token_key=reader.text("access_token_key") or "access_token",
            refresh_token_key=reader.text("refresh_token_key") or "refresh_token",
            start_date=reader.parsed("start_date", parse_date),
            end_date=reader.parsed("end_date", parse_date),
            lookback=timedelta(seconds=reader.value("lookback_seconds") or 0),
            pim_timezone=reader.parsed("pim_timezone", _parse_timezone),
            page_size=reader.value("page_size") or 100,
            max_concurrency=reader.value("max_concurrency") or 4,
            request_timeout=reader.value("request_timeout") or 120,
            max_retries=reader.value("max_retries") or 0,
            user_agent=reader.text("user_agent"),
            ca_bundle=reader.parsed("ca_bundle", _parse_ca_bundle),
            channel=reader.text("channel"),
            locales=tuple(reader.value("locales") or ()),
            attributes=tuple(reader.value("attributes") or ()),
            filters=reader.value("filters") or {},
            switches=frozenset(
                name for name in config if name.startswith("with_") and config[name] is True
            ),
        )
        start_date, end_date = settings.start_date, settings.end_date
        if start_date and end_date and start_date >= end_date:
            reader.faults.append("`end_date` must be later than `start_date`")
        reader.faults.extend(_filter_faults(settings.filters, filterable, streams))
        if reader.faults:
            summary = "Config validation failed"
            raise ConfigValidationError(summary, errors=reader.faults, schema=SETTINGS_SCHEMA)
        return settings


class _Reader:
    """Takes values out of a configuration and gathers the faults it meets."""

    def __init__(self, config: Mapping[str, Any]) -> None:
        self._config = config
        self.faults: list[str] = []
        self._faulty: set[str] = set()
        for name, fault in _schema_faults(config):
            self._faulty.add(name)
            self.faults.append(fault)

    def value(self, name: str) -> Any:  # noqa: ANN401 (checked by the schema)
        """The value as it is, None where it is unset or of a wrong type."""
        return None if name in self._faulty else self._config.get(name)

    def text(self, name: str) -> str | None:
        """A text without the blanks and line breaks that come with pasting; empty is unset."""
        value = self.value(name)
        stripped = value if name == "password" else (value or "").strip()
        return stripped or None

    def parsed(self, name: str, parse: Callable[[str], Any]) -> Any:  # noqa: ANN401
        """A text that must make sense."""
        text = self.text(name)
        if text is None:
            return None
        try:
            return parse(text)
        except ValueError as fault:
            self.faults.append(f"`{name}`: {fault}")
            return None


def _schema_faults(config: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """What a JSON schema can tell, in words and without the values, which may be secret."""
    properties = SETTINGS_SCHEMA["properties"]
    for name in SETTINGS_SCHEMA["required"]:
        if not config.get(name):
            title = properties[name]["title"]
            variable = f"TAP_AKENEO_{name.upper()}"
            yield name, f"`{name}` is missing ({title}; also as {variable} in the environment)"
    for name, schema in properties.items():
        if name not in config or (not config[name] and name in SETTINGS_SCHEMA["required"]):
            continue
        for fault in th.DEFAULT_JSONSCHEMA_VALIDATOR(schema).iter_errors(config[name]):
            yield name, f"`{name}` {_in_words(fault, schema)}, such as {_example(schema)}"
            break


def _in_words(fault: ValidationError, schema: Mapping[str, Any]) -> str:
    if fault.validator in {"minimum", "maximum"}:
        most = f" and at most {schema['maximum']}" if "maximum" in schema else ""
        return f"must be at least {schema['minimum']}{most}"
    kinds = {
        "string": "a text",
        "integer": "a whole number",
        "number": "a number",
        "boolean": "true or false",
        "array": "a list of texts",
        "object": "an object",
    }
    types = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    return f"must be {next(kinds[kind] for kind in types if kind in kinds)}"


def _example(schema: Mapping[str, Any]) -> str:
    return json.dumps(schema["examples"][0])


def parse_base_url(text: str) -> str:
    """Makes an address of what people paste.

    Args:
        text: With or without scheme, path, slash at the end; any case.

    Returns:
        Scheme, host, perhaps port, perhaps the folder of a PIM that is not at the host's root.

    Raises:
        ValueError: It is no address, in words.
    """
    fault = f"is not an address of a PIM, such as {URL_EXAMPLE}"
    spelled_out = re.sub(r"^(https?):/*", r"\1://", text, flags=re.IGNORECASE)
    if "://" not in spelled_out:
        spelled_out = f"https://{spelled_out}"
    try:
        url = urlsplit(spelled_out)
        port = url.port
    except ValueError:
        raise ValueError(fault) from None
    if url.username is not None or url.password is not None:
        msg = "must not hold a user name or password: they have settings of their own"
        raise ValueError(msg)
    host = (url.hostname or "").rstrip(".")
    # A name of any language, an IPv4 address or an IPv6 address (which has colons).
    if url.scheme not in {"http", "https"} or not re.fullmatch(
        r"\w([\w-]*\w)?(\.\w([\w-]*\w)?)*|[0-9a-f:.]*:[0-9a-f:.]*", host
    ):
        raise ValueError(fault)
    shown_host = f"[{host}]" if ":" in host else host
    folder = url.path.partition("/api/")[0].rstrip("/").removesuffix("/api")
    return f"{url.scheme}://{shown_host}{'' if port is None else f':{port}'}{folder}"


def parse_date(text: str) -> datetime:
    """Reads ISO 8601; UTC where no offset is given.

    Raises:
        ValueError: It is no date, in words.
    """
    try:
        date = datetime.fromisoformat(text.replace("Z", "+00:00").replace("z", "+00:00"))
    except ValueError:
        msg = f"{text!r} is not a date such as 2025-01-31 or 2025-01-31T12:00:00Z"
        raise ValueError(msg) from None
    return date if date.tzinfo else date.replace(tzinfo=timezone.utc)


def _parse_timezone(text: str) -> ZoneInfo:
    try:
        return ZoneInfo(text)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        msg = f"{text!r} is not the name of a time zone, such as Europe/Paris or UTC"
        raise ValueError(msg) from None


def _parse_ca_bundle(text: str) -> str:
    if not Path(text).expanduser().exists():
        msg = f"there is no file {text}"
        raise ValueError(msg)
    return str(Path(text).expanduser())


def _filter_faults(
    filters: Mapping[str, Any], filterable: Mapping[str, bool], streams: tuple[str, ...]
) -> Iterator[str]:
    for stream, search in filters.items():
        if stream not in streams:
            yield f"`filters`: there is no stream {stream!r}; there are {', '.join(streams)}"
        elif stream not in filterable:
            can = ", ".join(sorted(filterable))
            yield f"`filters`: the PIM cannot filter {stream}; it can filter {can}"
        elif not isinstance(search, dict) or not all(
            isinstance(conditions, list) for conditions in search.values()
        ):
            example = json.dumps(
                SETTINGS_SCHEMA["properties"]["filters"]["examples"][0]["products"]
            )
            yield f"`filters`: {stream} needs the PIM's search JSON, such as {example}"
        elif filterable[stream] and "updated" in search:
            yield (
                f"`filters`: {stream} must not be filtered by `updated`, because its bookmark "
                "is: use start_date and end_date"
            )
