"""The tap: its settings, the streams that a PIM offers, and how a run ends."""

from __future__ import annotations

from functools import cached_property
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, ClassVar

from singer_sdk.helpers.capabilities import (
    CapabilitiesEnum,
    PluginCapabilities,
    TapCapabilities,
)
from singer_sdk.singerlib import Catalog
from singer_sdk.tap_base import CliTestOptionValue
from typing_extensions import override

from tap_akeneo.cli import Stopped, Stopper, ending_in_one_line
from tap_akeneo.client.auth import AkeneoAuthenticator, AppAuthenticator, Authenticator
from tap_akeneo.client.errors import AkeneoError
from tap_akeneo.client.http import HttpClient
from tap_akeneo.client.pim import TOKEN_PATH, Pim
from tap_akeneo.config.catalog import as_catalog
from tap_akeneo.config.environment import settings_in_environment
from tap_akeneo.config.files import read_catalog, read_config, read_json
from tap_akeneo.config.schema import SETTINGS_SCHEMA
from tap_akeneo.config.settings import Settings
from tap_akeneo.config.state import usable_state
from tap_akeneo.maps import StreamMaps
from tap_akeneo.permissions import advice
from tap_akeneo.streams import STREAMS, bookmark_kinds
from tap_akeneo.streams.host import StreamHost
from tap_akeneo.streams.incremental import IncrementalStream
from tap_akeneo.writer import BufferedWriter, DeferredVersionWriter

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import IO

    import click

    from tap_akeneo.client.errors import RequestRefused
    from tap_akeneo.streams.base import AkeneoStream


AKENEO_LIMIT = 4
"""Requests at once for one connection (api.akeneo.com, limitations)."""


class StreamsFailed(AkeneoError):
    """Some streams could not be read; each has told why."""


class TapAkeneo(StreamHost):
    """Singer tap for the Akeneo PIM."""

    name = "tap-akeneo"
    config_jsonschema: ClassVar[dict[str, Any]] = SETTINGS_SCHEMA
    message_writer_class = BufferedWriter
    # Discovery asks the PIM, so it needs a checked configuration.
    dynamic_catalog = True
    capabilities: ClassVar[list[CapabilitiesEnum]] = [
        TapCapabilities.CATALOG,
        TapCapabilities.STATE,
        TapCapabilities.DISCOVER,
        PluginCapabilities.ACTIVATE_VERSION,
        PluginCapabilities.ABOUT,
        PluginCapabilities.STREAM_MAPS,
        PluginCapabilities.FLATTENING,
        PluginCapabilities.BATCH,
        PluginCapabilities.STRUCTURED_LOGGING,
    ]

    stopper: ClassVar[Stopper] = Stopper()

    def __init__(
        self,
        *,
        config: dict[str, Any] | None = None,
        parse_env_config: bool = False,
        validate_config: bool = True,
        setup_mapper: bool = True,
        **kwargs: Any,  # noqa: ANN401 (the SDK's own)
    ) -> None:
        """Takes what the SDK's taps take.

        Raises:
            ConfigValidationError: With all faults of the settings, in words.
        """
        self.failed_streams: list[str] = []
        self.ended_streams: set[str] = set()
        self.rows = 0
        # SDK 0.54 adds its own settings to the class's schema, 0.55 to a copy of it; the checks of
        # `Settings` need them in the schema.
        self.append_builtin_config(self.config_jsonschema)
        if isinstance(kwargs.get("catalog"), dict) and not isinstance(kwargs["catalog"], Catalog):
            kwargs["catalog"] = as_catalog(kwargs["catalog"])
        # The SDK's own check would show values, secrets among them, and only the first kind of
        # fault; so ours comes instead, and the catalogue, which asks the PIM, after it.
        if parse_env_config:
            config = {**(config or {}), **settings_in_environment()}
        super().__init__(config=config, validate_config=False, setup_mapper=False, **kwargs)
        self.message_writer = self.versions = DeferredVersionWriter(self.message_writer)
        self.stopper.listen()
        if validate_config:
            _ = self.settings
            for name in sorted(self.config.keys() - self.config_jsonschema["properties"].keys()):
                self.logger.warning("`%s` is no setting of this tap", name)
        if setup_mapper:
            self.setup_mapper()

    @cached_property
    @override
    def settings(self) -> Settings:
        """The checked settings."""
        filterable = {
            stream.name: issubclass(stream, IncrementalStream)
            for stream in reversed(STREAMS)
            if stream.filterable
        }
        names = tuple(dict.fromkeys(stream.name for stream in STREAMS))
        return Settings.read(self.config, filterable, names)

    @cached_property
    @override
    def pim(self) -> Pim:
        """The PIM that the settings name."""
        settings = self.settings
        if settings.max_concurrency > AKENEO_LIMIT:
            self.logger.warning(
                "max_concurrency is %d: Akeneo allows %d requests at once for a connection",
                settings.max_concurrency,
                AKENEO_LIMIT,
            )
        http = HttpClient(
            timeout=settings.request_timeout,
            max_retries=settings.max_retries,
            user_agent=settings.user_agent or f"{self.name}/{self.plugin_version}",
            ca_bundle=settings.ca_bundle,
        )
        authenticator: Authenticator
        if settings.app_token:
            authenticator = AppAuthenticator(settings.app_token)
        else:
            authenticator = AkeneoAuthenticator(
                http,
                f"{settings.base_url}{TOKEN_PATH}",
                settings.credentials,
                access_token_key=settings.access_token_key,
                refresh_token_key=settings.refresh_token_key,
            )
        return Pim(settings.base_url, http, authenticator)

    @cached_property
    @override
    def maps(self) -> StreamMaps:
        """The setting ``stream_maps``."""
        maps = StreamMaps(self.config, self.logger)
        names = {stream.name for stream in STREAMS}
        if unknown := ", ".join(maps.unknown(names)):
            self.logger.warning("stream_maps: there is no stream %s", unknown)
        return maps

    @override
    def setup_mapper(self) -> None:
        # Mistakes in the setting show before anything is read.
        for stream in self.streams.values():
            if stream.selected:
                _ = stream.stream_maps

    @override
    def discover_streams(self) -> Sequence[AkeneoStream]:
        """The streams whose routes this PIM has."""
        self.pim.connect()
        offered: dict[str, type[AkeneoStream]] = {}
        for stream in STREAMS:
            routes = (stream.path, *stream.requires)
            if stream.needs_app and not self.settings.app_token:
                continue
            if all(self.pim.offers(path) for path in routes):
                offered.setdefault(stream.name, stream)
        self._tell_missing(offered)
        return [stream(self) for stream in offered.values()]

    def _tell_missing(self, offered: Mapping[str, object]) -> None:
        since = {stream.name: stream.since for stream in STREAMS}
        for name, entry in (self.input_catalog or {}).items():
            if name not in offered and entry.metadata.root.selected:
                self.logger.warning(
                    "%s: skipped, this PIM does not offer it (%s)",
                    name,
                    f"there since {since[name]}" if name in since else "no such stream",
                )

    def flush(self) -> None:
        """Writes the records that wait."""
        if isinstance(self.versions.writer, BufferedWriter):
            self.versions.writer.flush()

    def summary(self) -> str:
        """What a run did, in one line."""
        traffic = self.pim.traffic
        whole = self.ended_streams.difference(self.failed_streams)
        selected = [name for name, stream in self.streams.items() if stream.selected]
        missing = [name for name in selected if name not in whole]
        return (
            f"{self.rows:,} rows, {traffic.requests:,} requests, of which {traffic.retries:,} were "
            f"tried again, {traffic.waited:.0f} s waited for that; "
            f"streams not read to their end: {', '.join(missing) or 'none'}"
        )

    @override
    def stream_refused(self, name: str, refusal: RequestRefused, permission: str) -> None:
        """Notes that the PIM refuses a stream; the others go on and the run fails in the end.

        Args:
            name: The stream.
            refusal: What the PIM refused.
            permission: What to tick in the PIM's role for it.
        """
        forbidden = refusal.status == HTTPStatus.FORBIDDEN
        if forbidden and self.settings.on_forbidden == "skip":
            self.logger.warning("%s: skipped, %s", name, advice(refusal, permission))
            return
        self.stream_failed(name, advice(refusal, permission))

    @override
    def stream_failed(self, name: str, reason: str) -> None:
        """Notes that a stream could not be read as a whole; the run fails in the end."""
        if name not in self.failed_streams:
            self.failed_streams.append(name)
        self.logger.error("%s: %s", name, reason)

    @override
    def load_state(self, state: dict[str, Any]) -> None:
        super().load_state(usable_state(state, bookmark_kinds()))

    def fail_with_streams(self) -> None:
        """Fails where a stream failed.

        Raises:
            StreamsFailed: With the names.
        """
        if self.failed_streams:
            names = ", ".join(self.failed_streams)
            selected = sum(stream.selected for stream in self.streams.values())
            msg = f"{len(self.failed_streams)} of {selected} streams failed: {names}"
            raise StreamsFailed(msg)

    @classmethod
    @override
    def invoke(  # type: ignore[override]  # as in the SDK's own Tap
        cls,
        *,
        about: bool = False,
        about_format: str | None = None,
        config: Any = None,
        state: IO[str] | None = None,
        catalog: IO[str] | None = None,
    ) -> None:
        """Runs the tap; what stops it is told in one line, without a traceback."""
        if about:
            cls.print_about(about_format)
            return
        with ending_in_one_line(cls.logger, cls.stopper):
            cls.print_version(print_fn=cls.logger.info)
            tap = cls(
                config=config.config,
                parse_env_config=config.parse_env,
                state=read_json(state, "state"),
                catalog=read_catalog(catalog),
            )
            if not any(stream.selected for stream in tap.streams.values()):
                cls.logger.warning("no stream is selected")
            try:
                tap.sync_all()
            except Stopped:
                # Batches of records are written when they are full, and the state is ahead of them.
                if not tap.config.get("batch_config"):
                    tap.state_writer.write_state(tap.state)
                raise
            finally:
                tap.flush()
                tap.logger.info("%s", tap.summary())
            tap.fail_with_streams()

    @classmethod
    @override
    def cb_config(cls, ctx: click.Context, param: click.Option, value: tuple[str, ...]) -> Any:
        """CLI callback of ``--config``."""
        with ending_in_one_line(cls.logger, cls.stopper):
            # The SDK's own reads nothing but UTF-8, and its result has a private name.
            found = super().cb_config(ctx, param, tuple(path for path in value if path == "ENV"))
            for path in value:
                if path != "ENV":
                    found.config |= read_config(path)
            return found

    @classmethod
    @override
    def cb_discover(cls, ctx: click.Context, param: click.Option, value: bool) -> None:
        """CLI callback of ``--discover``."""
        with ending_in_one_line(cls.logger, cls.stopper):
            super().cb_discover(ctx, param, value)

    @classmethod
    @override
    def cb_test(cls, ctx: click.Context, param: click.Option, value: str) -> None:
        """CLI callback of ``--test``, which fails where a stream cannot be read."""
        if value != CliTestOptionValue.All.value:
            super().cb_test(ctx, param, value)
            return
        with ending_in_one_line(cls.logger, cls.stopper):
            config = ctx.params["config"]
            tap = cls(config=config.config, parse_env_config=config.parse_env)
            # Not run_connection_test, which reads what is off by default too.
            tap.run_sync_dry_run(1, [one for one in tap.streams.values() if one.selected])
            tap.flush()
            tap.fail_with_streams()
        ctx.exit()
