"""The tap's settings, checked and in proper types, and their faults in words."""

from __future__ import annotations

import json
import re
import ssl
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from singer_sdk import typing as th
from singer_sdk.exceptions import ConfigValidationError

from tap_akeneo.client.auth import Credentials
from tap_akeneo.config.schema import SETTINGS_SCHEMA, URL_EXAMPLE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from jsonschema import ValidationError

    from tap_akeneo.replication import Condition

BOOKMARK_FILTERS = {"updated", "updated_including_linked_entities"}

_screen = re.compile(
    r"/(?:api|user|login|logout|connect|enrich|configuration|dashboard|settings|system|job"
    r"|(?:index|app)(?:_\w+)?\.php)(?=/|$)",
    flags=re.IGNORECASE,
)
"""Where the path of a screen of the PIM, or of its API, begins behind the PIM's own folder."""

YEARS = range(1970, 2101)
"""Of dates in settings and bookmarks; there is nothing to read in others."""

CREDENTIALS = ("client_id", "client_secret", "username", "password")


MAX_ATTRIBUTES = 6_000
"""Bytes of a query parameter. Web servers take addresses of 8,000, all parameters included."""


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
    switches: Mapping[str, str]
    """The ``with_…`` settings that are on, as query parameters."""

    app_token: str | None
    on_forbidden: str
    linked_entities: bool
    keep_values_as_sent: bool

    @property
    def attributes_fit_address(self) -> bool:
        """Whether the attributes can be sent in the address of a request."""
        return len(quote(",".join(self.attributes), safe="")) <= MAX_ATTRIBUTES

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
            user_agent=reader.parsed("user_agent", _header),
            ca_bundle=reader.parsed("ca_bundle", _parse_ca_bundle),
            channel=reader.text("channel"),
            locales=tuple(reader.value("locales") or ()),
            attributes=tuple(reader.value("attributes") or ()),
            filters=reader.value("filters") or {},
            switches={
                name: "true" if config[name] is True else config[name]
                for name in config
                if name.startswith("with_") and config[name]
            },
            app_token=reader.parsed("access_token", _header),
            on_forbidden=reader.text("on_forbidden") or "fail",
            linked_entities=reader.value("updated_including_linked_entities") or False,
            keep_values_as_sent=reader.value("keep_values_as_sent") or False,
        )
        start_date, end_date = settings.start_date, settings.end_date
        if start_date and end_date and start_date >= end_date:
            reader.faults.append("`end_date` must be later than `start_date`")
        reader.faults.extend(_login_faults(config))
        reader.faults.extend(_batch_faults(config.get("batch_config")))
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
            yield name, _missing(name)
    for name, schema in properties.items():
        if name not in config or (not config[name] and name in SETTINGS_SCHEMA["required"]):
            continue
        for fault in th.DEFAULT_JSONSCHEMA_VALIDATOR(schema).iter_errors(config[name]):
            yield name, f"`{name}` {_in_words(fault, schema)}, such as {_example(schema)}"
            break


def _missing(name: str) -> str:
    title = SETTINGS_SCHEMA["properties"][name]["title"]
    return f"`{name}` is missing ({title}; also as TAP_AKENEO_{name.upper()} in the environment)"


def _login_faults(config: Mapping[str, Any]) -> Iterator[str]:
    """A connection has four credentials, an app has its token; one of the two is needed."""
    given = [name for name in CREDENTIALS if config.get(name)]
    if config.get("access_token"):
        if given:
            yield (
                "`access_token` is an app's and excludes the credentials of a connection: remove "
                f"it, or remove {', '.join(f'`{name}`' for name in given)}"
            )
        return
    for name in CREDENTIALS:
        if name not in given:
            yield _missing(name)
    if not given:
        yield "or, for an Akeneo App, set `access_token` instead of the four"


def _batch_faults(batch_config: object) -> Iterator[str]:
    encoding = batch_config.get("encoding") if isinstance(batch_config, dict) else None
    file_format = encoding.get("format") if isinstance(encoding, dict) else None
    if file_format not in {None, "jsonl"}:
        yield (
            f"`batch_config`: the format {file_format} cannot hold the values of products, whose "
            "shape differs from row to row: use jsonl"
        )


def _in_words(fault: ValidationError, schema: Mapping[str, Any]) -> str:
    if fault.validator == "enum":
        return (
            f"must be one of {', '.join(str(value) for value in schema.get('enum', ()) if value)}"
        )
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
    return json.dumps(schema.get("examples", ["its documentation shows"])[0])


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
    # As out of a mail, a chat or a spreadsheet.
    text = text.strip().strip("<>\"'“”`").strip()
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
    folder = _screen.split(url.path, maxsplit=1)[0].rstrip("/")
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
    if date.year not in YEARS:
        msg = f"{text!r} does not lie in the years {YEARS[0]} to {YEARS[-1]}"
        raise ValueError(msg)
    return date if date.tzinfo else date.replace(tzinfo=timezone.utc)


def _header(text: str) -> str:
    if not (text.isascii() and text.isprintable()):
        msg = "must be of plain ASCII characters, in one line, as it is sent in a header"
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
        elif filterable[stream] and (dates := search.keys() & BOOKMARK_FILTERS):
            yield (
                f"`filters`: {stream} must not be filtered by `{min(dates)}`, because its "
                "bookmark is: use start_date and end_date"
            )
