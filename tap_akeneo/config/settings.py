"""The tap's settings, validated and parsed, and messages for those that are invalid."""

from __future__ import annotations

import json
import re
import ssl
import sys
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from singer_sdk import typing as th
from singer_sdk.exceptions import ConfigValidationError

from tap_akeneo.client.auth import Credentials
from tap_akeneo.config.schema import COMPRESSIONS, QUERY_SWITCHES, SETTINGS_SCHEMA, URL_EXAMPLE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from jsonschema import ValidationError

BOOKMARK_FILTERS = {
    "updated": "start_date and end_date",
    "updated_including_linked_entities": "start_date and end_date",
    "updated_including_linked_type": "updated_including_linked_type",
}
"""Filters that the tap sets, and the settings for them."""


LOGICAL_OPERATORS = ("and", "or")
"""Keys of a search that have a list of searches (assets of SaaS)."""

_screen_path = re.compile(
    r"/(?:api|user|login|logout|connect|enrich|configuration|dashboard|settings|system|job"
    r"|(?:index|app)(?:_\w+)?\.php)(?=/|$)",
    flags=re.IGNORECASE,
)
"""Start of the path of a PIM screen or of its API. A folder of the PIM may come before it."""

YEARS = range(1970, 2101)
"""Plausible years in settings and bookmarks."""

CREDENTIALS = ("client_id", "client_secret", "username", "password")


MAX_QUERY_LENGTH = 6_000
"""Size limit for query parameters, in bytes. Web servers accept URLs of about 8,000 bytes."""


@dataclass(frozen=True)
class Settings:
    """The validated and parsed settings."""

    base_url: str
    credentials: Credentials
    access_token_key: str
    refresh_token_key: str
    start_date: datetime | None
    end_date: datetime | None
    lookback: timedelta
    refresh_within: timedelta | None
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
    value_columns: tuple[str, ...]
    filters: Mapping[str, Mapping[str, Any]]
    switches: Mapping[str, str]
    """The settings that are query parameters of lists, if they are enabled."""

    personal_data: bool
    app_token: str | None
    on_forbidden: str
    on_broken_items: str
    on_changed_settings: str
    linked_entities: bool
    linked_types: tuple[str, ...]
    keep_values_as_sent: bool

    @property
    def attributes_fit_address(self) -> bool:
        """Whether the attributes fit into the URL of a request."""
        return len(quote(",".join(self.attributes), safe="")) <= MAX_QUERY_LENGTH

    @classmethod
    def read(
        cls, config: Mapping[str, Any], filterable: Mapping[str, bool], streams: tuple[str, ...]
    ) -> Settings:
        """Validate and parse a configuration.

        Args:
            config: The configuration from the SDK, with defaults.
            filterable: Streams that the PIM can filter, and whether each is incremental.
            streams: Names of all streams.

        Raises:
            ConfigValidationError: Some settings are invalid; it has a message for each of them,
                without secrets.
        """
        reader = _Reader(config)
        settings = cls._parsed(reader)
        errors = [
            *reader.errors,
            *_contradictions(settings),
            *_login_errors(config),
            *_batch_errors(config.get("batch_config")),
            *_filter_errors(settings.filters, filterable, streams),
        ]
        if errors:
            summary = "Config validation failed"
            raise ConfigValidationError(summary, errors=errors, schema=SETTINGS_SCHEMA)
        return settings

    @classmethod
    def _parsed(cls, reader: _Reader) -> Settings:
        return cls(
            base_url=reader.parsed("base_url", parse_base_url) or "",
            credentials=Credentials(**{name: reader.text(name) or "" for name in CREDENTIALS}),
            access_token_key=reader.text("access_token_key") or "",
            refresh_token_key=reader.text("refresh_token_key") or "",
            start_date=reader.parsed("start_date", parse_date),
            end_date=reader.parsed("end_date", parse_date),
            lookback=timedelta(seconds=reader.value("lookback_seconds")),
            refresh_within=reader.days("refresh_within_days"),
            pim_timezone=reader.parsed("pim_timezone", _parse_timezone),
            page_size=reader.value("page_size"),
            max_concurrency=reader.value("max_concurrency"),
            request_timeout=reader.value("request_timeout"),
            max_retries=reader.value("max_retries"),
            user_agent=reader.parsed("user_agent", _parse_header),
            ca_bundle=reader.parsed("ca_bundle", _parse_ca_bundle),
            channel=reader.text("channel"),
            locales=reader.texts("locales"),
            attributes=reader.texts("attributes"),
            value_columns=reader.texts("value_columns"),
            filters=reader.value("filters") or {},
            switches=reader.switches(),
            personal_data=reader.value("with_personal_data"),
            app_token=reader.parsed("access_token", _parse_header),
            on_forbidden=reader.value("on_forbidden"),
            on_broken_items=reader.value("on_broken_items"),
            on_changed_settings=reader.value("on_changed_settings"),
            linked_entities=reader.value("updated_including_linked_entities"),
            linked_types=reader.texts("updated_including_linked_type"),
            keep_values_as_sent=reader.value("keep_values_as_sent"),
        )


class _Reader:
    """Gets values from a configuration and collects the errors in them."""

    def __init__(self, config: Mapping[str, Any]) -> None:
        invalid = dict(_schema_errors(config))
        self.errors = list(invalid.values())
        self._values = {
            name: schema.get("default")
            if name in invalid or config.get(name) is None
            # A null counts as unset.
            else config[name]
            for name, schema in SETTINGS_SCHEMA["properties"].items()
        }

    def value(self, name: str) -> Any:  # noqa: ANN401 (checked by the schema)
        """Return a value as it is. Return the default if it is unset or has the wrong type."""
        return self._values[name]

    def days(self, name: str) -> timedelta | None:
        """Return a number of days, or None if it is unset."""
        value = self.value(name)
        return None if value is None else timedelta(days=value)

    def text(self, name: str) -> str | None:
        """Return text without surrounding whitespace. Return the default if that is empty."""
        value = self.value(name)
        stripped = value if name == "password" else (value or "").strip()
        return stripped or SETTINGS_SCHEMA["properties"][name].get("default")

    def texts(self, name: str) -> tuple[str, ...]:
        """Return a list of texts, which is empty if it is unset."""
        return tuple(self.value(name) or ())

    def switches(self) -> dict[str, str]:
        """Return the query parameters of the PIM that are on."""
        return {
            name: "true" if self._values[name] is True else self._values[name]
            for name in QUERY_SWITCHES
            if self._values[name]
        }

    def parsed(self, name: str, parse: Callable[[str], Any]) -> Any:  # noqa: ANN401
        """Return parsed text, or None if it is unset or invalid."""
        text = self.text(name)
        if text is None:
            return None
        try:
            return parse(text)
        except ValueError as error:
            self.errors.append(f"`{name}`: {error}")
            return None


def _schema_errors(config: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the settings that violate their JSON schema, and messages without their values."""
    properties = SETTINGS_SCHEMA["properties"]
    for name in SETTINGS_SCHEMA["required"]:
        if not config.get(name):
            yield name, _missing(name)
    for name, schema in properties.items():
        if name not in config or (not config[name] and name in SETTINGS_SCHEMA["required"]):
            continue
        for error in th.DEFAULT_JSONSCHEMA_VALIDATOR(schema).iter_errors(config[name]):
            keys = [name, *error.absolute_path]
            if any(isinstance(key, int) for key in keys):
                keys = [name]  # one value of a list
            inner = schema if len(keys) == 1 else error.schema
            setting = ".".join(map(str, keys))
            yield name, f"`{setting}` {_requirement(error, inner)}{_example(schema)}"
            break


def _missing(name: str) -> str:
    title = SETTINGS_SCHEMA["properties"][name]["title"]
    return f"`{name}` is missing ({title}; also as TAP_AKENEO_{name.upper()} in the environment)"


def _contradictions(settings: Settings) -> Iterator[str]:
    start_date, end_date = settings.start_date, settings.end_date
    if start_date and end_date and start_date >= end_date:
        yield "`end_date` must be later than `start_date`"
    if settings.linked_types and not settings.linked_entities:
        yield "`updated_including_linked_type` needs `updated_including_linked_entities: true`"
    if "convert_measurements" in settings.switches and not settings.channel:
        yield "`convert_measurements` needs `channel`, whose units the PIM converts to"


def _login_errors(config: Mapping[str, Any]) -> Iterator[str]:
    """Check that there are either the four credentials of a connection or the token of an app."""
    given = [name for name in CREDENTIALS if config.get(name)]
    if config.get("access_token"):
        if given:
            yield (
                "`access_token` belongs to an app and excludes the credentials of a connection: "
                f"remove it, or remove {', '.join(f'`{name}`' for name in given)}"
            )
        return
    for name in CREDENTIALS:
        if name not in given:
            yield _missing(name)
    if not given:
        yield "or, for an Akeneo App, set `access_token` instead of these four"


def _batch_errors(batch_config: object) -> Iterator[str]:
    """Check what the JSON schema of the setting does not say."""
    if not batch_config or not isinstance(batch_config, dict):
        return
    encoding, storage = (batch_config.get(name) or {} for name in ("encoding", "storage"))
    if not isinstance(encoding, dict) or not isinstance(storage, dict):
        return
    file_format = encoding.get("format")
    compression = encoding.get("compression")
    if not file_format:
        yield "`batch_config` needs the format of the files, such as `encoding: {format: jsonl}`"
    if not storage.get("root"):
        yield "`batch_config` needs a place, such as `storage: {root: 'file:///tmp/batches'}`"
    allowed = COMPRESSIONS.get(str(file_format), ())
    if allowed and compression in COMPRESSIONS["jsonl"] and compression not in allowed:
        yield f"`batch_config`: {file_format} can have the compression {' or '.join(allowed)}"
    if file_format in {"parquet", "arrow"} and find_spec("pyarrow") is None:
        yield _package_needed(f"the format {file_format}", "pyarrow", "arrow")
    # Python has it since 3.14.
    elif file_format == "jsonl" and compression == "zstd" and not _has_zstd():
        yield _package_needed("the compression zstd", "backports.zstd", "zstd")


def _has_zstd() -> bool:
    if sys.version_info >= (3, 14):
        return True
    # `find_spec` fails if there is no package `backports`.
    return find_spec("backports") is not None and find_spec("backports.zstd") is not None


def _package_needed(what: str, package: str, extra: str) -> str:
    return (
        f"`batch_config`: {what} needs the package {package}: install the tap with its extra "
        f"[{extra}]"
    )


def _requirement(error: ValidationError, schema: Mapping[str, Any]) -> str:
    if error.validator == "enum":
        choices = schema.get("enum") or schema["items"]["enum"]
        return f"must be one of {', '.join(str(one) for one in choices if one)}"
    if error.validator in {"minimum", "maximum"}:
        maximum = f" and at most {schema['maximum']}" if "maximum" in schema else ""
        return f"must be at least {schema['minimum']}{maximum}"
    kinds = {
        "string": "text",
        "integer": "a whole number",
        "number": "a number",
        "boolean": "true or false",
        "array": "a list of text values",
        "object": "an object",
    }
    types = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    return f"must be {next(kinds[kind] for kind in types if kind in kinds)}"


def _example(schema: Mapping[str, Any]) -> str:
    return f", such as {json.dumps(schema['examples'][0])}" if "examples" in schema else ""


def parse_base_url(text: str) -> str:
    """Parse the URL of a PIM, as users paste it.

    Args:
        text: The URL. The scheme, a path and a trailing slash are optional.

    Returns:
        Scheme and host, with the port and the folder of the PIM if the URL has them.

    Raises:
        ValueError: It is not a URL; the message continues after the name of the setting.
    """
    msg = f"is not the URL of a PIM, such as {URL_EXAMPLE}"
    # Remove what surrounds a URL in an e-mail, a chat or a spreadsheet.
    text = text.strip().strip("<>\"'“”`").strip()
    with_scheme = re.sub(r"^(https?):/*", r"\1://", text, flags=re.IGNORECASE)
    if "://" not in with_scheme:
        with_scheme = f"https://{with_scheme}"
    try:
        url = urlsplit(with_scheme)
        port = url.port
    except ValueError:
        raise ValueError(msg) from None
    if url.username is not None or url.password is not None:
        msg = "must not contain a user name or password: they have their own settings"
        raise ValueError(msg)
    host = (url.hostname or "").rstrip(".")
    # A host name in any language, an IPv4 address, or an IPv6 address, which has colons.
    if url.scheme not in {"http", "https"} or not re.fullmatch(
        r"\w([\w-]*\w)?(\.\w([\w-]*\w)?)*|[0-9a-f:.]*:[0-9a-f:.]*", host
    ):
        raise ValueError(msg)
    shown_host = f"[{host}]" if ":" in host else host
    folder = _screen_path.split(url.path, maxsplit=1)[0].rstrip("/")
    return f"{url.scheme}://{shown_host}{'' if port is None else f':{port}'}{folder}"


def parse_date(text: str) -> datetime:
    """Parse an ISO 8601 date, in UTC if it has no offset.

    Raises:
        ValueError: It is not a date, or not a plausible one.
    """
    try:
        date = datetime.fromisoformat(text.replace("Z", "+00:00").replace("z", "+00:00"))
    except ValueError:
        msg = f"{text!r} is not a date such as 2025-01-31 or 2025-01-31T12:00:00Z"
        raise ValueError(msg) from None
    if date.year not in YEARS:
        msg = f"{text!r} must be between the years {YEARS[0]} and {YEARS[-1]}"
        raise ValueError(msg)
    return date if date.tzinfo else date.replace(tzinfo=timezone.utc)


def _parse_header(text: str) -> str:
    if not (text.isascii() and text.isprintable()):
        msg = "must be one line of plain ASCII characters, because it is sent in a header"
        raise ValueError(msg)
    return text


def _parse_timezone(text: str) -> ZoneInfo:
    try:
        return ZoneInfo(text)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        msg = f"{text!r} is not the name of a time zone, such as Europe/Paris or UTC"
        raise ValueError(msg) from None


def _parse_ca_bundle(text: str) -> str:
    path = Path(text).expanduser()
    if not path.exists():
        msg = f"there is no file {text}"
        raise ValueError(msg)
    try:
        ssl.create_default_context(cafile=None if path.is_dir() else str(path))
    except OSError:
        msg = f"{text} is not a PEM file of certificates"
        raise ValueError(msg) from None
    return str(path)


def _filter_errors(
    filters: Mapping[str, Any], filterable: Mapping[str, bool], streams: tuple[str, ...]
) -> Iterator[str]:
    for stream, search in filters.items():
        if stream not in streams:
            yield f"`filters`: there is no stream {stream!r}; the streams are {', '.join(streams)}"
        elif stream not in filterable:
            names = ", ".join(sorted(filterable))
            yield f"`filters`: the PIM cannot filter {stream}; it can filter {names}"
        elif not isinstance(search, dict) or not all(
            isinstance(conditions, (list, dict)) for conditions in search.values()
        ):
            example = json.dumps(
                SETTINGS_SCHEMA["properties"]["filters"]["examples"][0]["products"]
            )
            yield f"`filters`: {stream} needs the PIM's search JSON, such as {example}"
        elif filterable[stream] and (taken := set(_filtered(search)) & BOOKMARK_FILTERS.keys()):
            name = min(taken)
            yield (
                f"`filters`: {stream} must not be filtered by `{name}`, because its bookmark "
                f"uses that filter: set {BOOKMARK_FILTERS[name]} instead"
            )


def _filtered(search: Mapping[str, Any]) -> Iterator[str]:
    """Yield the properties that a search names, also those within logical operators."""
    for name, conditions in search.items():
        if name in LOGICAL_OPERATORS and isinstance(conditions, list):
            for inner in conditions:
                yield from _filtered(inner if isinstance(inner, dict) else {})
        else:
            yield name
