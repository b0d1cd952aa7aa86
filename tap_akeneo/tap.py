"""The tap: its command line, the streams that a PIM offers, and which failures fail a run."""

from __future__ import annotations

import sys
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from singer_sdk.cli import plugin_cli
from singer_sdk.helpers.capabilities import (
    CapabilitiesEnum,
    PluginCapabilities,
    TapCapabilities,
)
from singer_sdk.singerlib import Catalog
from singer_sdk.tap_base import CliTestOptionValue
from typing_extensions import override

from tap_akeneo.batches import storage_secrets
from tap_akeneo.cli import (
    FAILED,
    Stopped,
    Stopper,
    cause_of,
    exit_on_failure,
    remove_unknown_log_levels,
)
from tap_akeneo.client.auth import AkeneoAuthenticator, AppAuthenticator, Authenticator
from tap_akeneo.client.errors import AkeneoError
from tap_akeneo.client.http import HttpClient
from tap_akeneo.client.pim import TOKEN_PATH, Pim
from tap_akeneo.client.secrets import redact_log
from tap_akeneo.config.catalog import parse_catalog
from tap_akeneo.config.environment import settings_in_environment
from tap_akeneo.config.files import read_catalog, read_config, read_json
from tap_akeneo.config.schema import BATCH_CONFIG, SETTINGS_SCHEMA
from tap_akeneo.config.settings import Settings
from tap_akeneo.config.state import usable_state
from tap_akeneo.log import show_own_lines
from tap_akeneo.maps import StreamMaps
from tap_akeneo.pagination.reader import Reader
from tap_akeneo.permissions import lacks_overall_access, refusal_message
from tap_akeneo.streams import STREAMS, bookmark_kinds
from tap_akeneo.streams.base import AkeneoStream
from tap_akeneo.streams.columns import read_columns
from tap_akeneo.streams.incremental import IncrementalStream
from tap_akeneo.streams.readings import Readings
from tap_akeneo.streams.structure import IdentifierAttributes
from tap_akeneo.streams.tap_interface import TapInterface
from tap_akeneo.summary import Summary
from tap_akeneo.writer import BufferedWriter, DeferredVersionWriter

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from typing import IO

    import click

    from tap_akeneo.client.errors import RequestRefused
    from tap_akeneo.pagination.plans import Plan
    from tap_akeneo.streams.sdk import SdkStream
    from tap_akeneo.value_columns.definitions import Column


MAX_AKENEO_CONCURRENCY = 4
"""Parallel requests that Akeneo allows for one connection (api.akeneo.com, "Limitations")."""


ALL_STREAMS = "all streams"
"""Replaces the name of the stream in a line about a permission that all streams need."""


class StreamsFailed(AkeneoError):
    """Some streams could not be read. The log has the cause for each of them."""


class TapAkeneo(TapInterface):
    """Singer tap for the Akeneo PIM."""

    name = "tap-akeneo"
    config_jsonschema: ClassVar[dict[str, Any]] = SETTINGS_SCHEMA
    message_writer_class = BufferedWriter
    # Discovery sends requests to the PIM, so it needs valid settings.
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
        **kwargs: Any,  # noqa: ANN401 (as in the SDK)
    ) -> None:
        """Validate the settings. The arguments are those of the SDK's taps.

        Raises:
            ConfigValidationError: Some settings are invalid; it has a message for each of them.
        """
        self.failed_streams: list[str] = []
        self.ended_streams: set[str] = set()
        self.broken_streams: set[str] = set()
        self.skipped_streams: set[str] = set()
        self.skipped_lists: dict[str, list[str]] = {}
        self._reported_refusals: set[tuple[str, int, str]] = set()
        self._identifiers = IdentifierAttributes(self)
        # Discovery needs to know this before the SDK loads the state.
        state = kwargs.get("state")
        self._has_state = isinstance(state, dict) and any(state.values())
        # SDK 0.54 adds its own settings to the schema of the class, 0.55 to a copy. `Settings`
        # needs them in the schema of the class.
        self.append_builtin_config(self.config_jsonschema)
        if isinstance(kwargs.get("catalog"), dict) and not isinstance(kwargs["catalog"], Catalog):
            kwargs["catalog"] = parse_catalog(kwargs["catalog"])
        # The SDK's own validation would show secrets, and only some of the errors. Ours replaces
        # it, and comes before discovery, which needs valid settings.
        if parse_env_config:
            config = {**(config or {}), **settings_in_environment()}
        super().__init__(config=config, validate_config=False, setup_mapper=False, **kwargs)
        self.message_writer = self.versions = DeferredVersionWriter(self.message_writer)
        self.stopper.listen()
        if validate_config:
            _ = self.settings
            for name in sorted(self.config.keys() - self.config_jsonschema["properties"].keys()):
                self.logger.warning("`%s` is not a setting of this tap", name)
        if setup_mapper:
            self.setup_mapper()

    @classmethod
    @override
    def append_builtin_config(cls, config_jsonschema: dict[str, Any]) -> None:
        super().append_builtin_config(config_jsonschema)
        # The SDK allows fewer formats and compressions.
        config_jsonschema["properties"].update(BATCH_CONFIG["properties"])

    @cached_property
    @override
    def settings(self) -> Settings:
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
        settings = self.settings
        if settings.max_concurrency > MAX_AKENEO_CONCURRENCY:
            self.logger.warning(
                "max_concurrency is %d: Akeneo allows %d parallel requests for a connection",
                settings.max_concurrency,
                MAX_AKENEO_CONCURRENCY,
            )
        http = HttpClient(
            timeout=settings.request_timeout,
            max_retries=settings.max_retries,
            user_agent=settings.user_agent or f"{self.name}/{self.plugin_version}",
            ca_bundle=settings.ca_bundle,
        )
        # Only a run that read something leaves a state.
        http.has_worked = self._has_state
        authenticator: Authenticator
        if settings.app_token:
            http.secrets.add(settings.app_token)
            authenticator = AppAuthenticator(settings.app_token)
        else:
            authenticator = AkeneoAuthenticator(
                http,
                f"{settings.base_url}{TOKEN_PATH}",
                settings.credentials,
                access_token_key=settings.access_token_key,
                refresh_token_key=settings.refresh_token_key,
            )
        http.secrets.add(*storage_secrets(self.config))
        redact_log(http.secrets)
        return Pim(settings.base_url, http, authenticator)

    @cached_property
    @override
    def value_columns(self) -> Sequence[Column]:
        return read_columns(self)

    @override
    def identifier_codes(self) -> list[str]:
        return self._identifiers.codes()

    @cached_property
    @override
    def maps(self) -> StreamMaps:
        maps = StreamMaps(self.config, self.logger)
        names = {stream.name for stream in STREAMS}
        if unknown := ", ".join(maps.unknown_streams(names)):
            self.logger.warning("stream_maps: there is no stream %s", unknown)
        return maps

    @override
    def setup_mapper(self) -> None:
        # Report invalid maps before anything is read.
        for stream in self.streams.values():
            if stream.selected:
                _ = stream.stream_maps

    @override
    def discover_streams(self) -> Sequence[SdkStream]:
        """Return the streams whose routes this PIM has."""
        self.pim.connect()
        offered: dict[str, type[AkeneoStream]] = {}
        for stream in STREAMS:
            routes = (stream.path, *stream.requires)
            if stream.needs_app and not self.settings.app_token:
                continue
            if stream.is_personal and not self.settings.personal_data:
                continue
            if all(self.pim.offers(path) for path in routes):
                offered.setdefault(stream.name, stream)
        self._warn_of_missing_streams(offered)
        return [Readings(self), *(stream(self) for stream in offered.values())]

    def _warn_of_missing_streams(self, offered: Mapping[str, object]) -> None:
        since = {stream.name: stream.since for stream in STREAMS}
        personal = {stream.name for stream in STREAMS if stream.is_personal}
        for name, entry in (self.input_catalog or {}).items():
            if name in {*offered, Readings.name} or not entry.metadata.root.selected:
                continue
            self.skipped_streams.add(name)
            if name in personal and not self.settings.personal_data:
                self.logger.warning(
                    "%s: skipped, it is personal data: set with_personal_data to read it", name
                )
            else:
                self.logger.warning(
                    "%s: skipped, this PIM does not offer it (%s)",
                    name,
                    f"available since {since[name]}" if name in since else "unknown stream",
                )

    def flush(self) -> None:
        """Write the buffered messages."""
        if isinstance(self.versions.writer, BufferedWriter):
            self.versions.writer.flush()

    def summary(self) -> Summary:
        """Return what the run has read so far."""
        traffic = self.pim.traffic
        selected = [one for one in self.streams.values() if one.selected]
        incremental = [
            one for one in selected if isinstance(one, IncrementalStream) and one.keeps_bookmarks
        ]
        read_before = sum(one.rows_again for one in incremental)
        refreshed = sum(one.rows_refreshed for one in incremental)
        complete = {name for name in self.ended_streams if self.is_read(name)}
        skipped = sorted(self.skipped_streams.difference(self.failed_streams))
        partial = self.skipped_lists.keys() - self.failed_streams
        return Summary(
            changed=sum(one.rows for one in incremental) - read_before - refreshed,
            read_before=read_before,
            refreshed=refreshed,
            full_tables={
                one.name: one.rows
                for one in selected
                if isinstance(one, AkeneoStream) and one not in incremental
            },
            requests=traffic.requests,
            retries=traffic.retries,
            waited=traffic.waited,
            skipped_streams=skipped,
            skipped_lists=dict(sorted(self.skipped_lists.items())),
            incomplete_streams=[
                one.name for one in selected if one.name not in {*complete, *skipped, *partial}
            ],
            unknown_fields={
                one.name: sorted(one.changed_values.unknown)
                for one in selected
                if isinstance(one, AkeneoStream) and one.changed_values.unknown
            },
        )

    def _log_start(self) -> None:
        selected = sum(stream.selected for stream in self.streams.values())
        self.logger.info(
            "reading %d of %d streams of %s", selected, len(self.streams), self.pim.base_url
        )
        if not selected:
            self.logger.warning("no stream is selected")

    def _log_end(self) -> None:
        summary = self.summary()
        if summary.full_tables:
            self.logger.info("%s", summary.of_full_tables)
        streams = (one for one in self.streams.values() if isinstance(one, AkeneoStream))
        if keeping := ", ".join(one.name for one in streams if one.keeps_deleted_rows):
            self.logger.info(
                "not every row of these streams was written, so rows that were deleted in the PIM "
                "stay for now: %s",
                keeping,
            )
        self.logger.info("%s", summary, extra={"summary": summary.as_data()})

    @cached_property
    @override
    def reader(self) -> Reader:
        return Reader(self.pim, self.settings.max_concurrency, self.stopper.check)

    @override
    def plans_after(self, name: str) -> Iterator[tuple[str, Callable[[], Plan[None]]]]:
        names = list(self.streams)
        for following in names[names.index(name) + 1 :]:
            stream = self.streams[following]
            if stream.selected and isinstance(stream, AkeneoStream):
                yield following, stream.plan

    @override
    def stream_refused(
        self, name: str, refusal: RequestRefused, permission: str, *, may_skip: bool
    ) -> bool:
        is_skipped = may_skip and self.settings.on_forbidden == "skip"
        if not is_skipped:
            self._add_failed_stream(name)
        # The same refusal may come for all streams, or for each list of a child stream.
        about = ALL_STREAMS if lacks_overall_access(refusal, permission) else name
        reported = self._reported_refusals
        if reported & {(one, refusal.status, refusal.message) for one in (about, ALL_STREAMS)}:
            return is_skipped
        reported.add((about, refusal.status, refusal.message))
        line = refusal_message(refusal, permission, self.settings, name)
        if is_skipped:
            self.logger.warning("%s: skipped, %s", about, line)
        else:
            self.logger.error("%s: %s", about, line)
        return is_skipped

    @override
    def end_stream(self, name: str, skipped: Sequence[str], *, is_partial: bool) -> None:
        self.ended_streams.add(name)
        if skipped and is_partial:
            self.skipped_lists[name] = list(skipped)
        elif skipped:
            self.skipped_streams.add(name)

    @override
    def write_readings(self, rows: Iterable[Mapping[str, Any]]) -> None:
        readings = self.streams.get(Readings.name)
        if isinstance(readings, Readings) and readings.selected:
            readings.write({**row, "tap_version": self.plugin_version} for row in rows)

    @override
    def is_read(self, name: str) -> bool:
        incomplete = (self.skipped_streams, self.skipped_lists, self.failed_streams)
        return name not in {*self.broken_streams}.union(*incomplete)

    @override
    def stream_broken(self, name: str, reason: str) -> None:
        self.broken_streams.add(name)
        self.logger.warning("%s: %s", name, reason)

    @override
    def stream_failed(self, name: str, reason: str) -> None:
        self._add_failed_stream(name)
        self.logger.error("%s: %s", name, reason)

    @override
    def stream_raised(self, name: str, failure: Exception) -> None:
        self.stream_failed(name, cause_of(failure))
        self.logger.debug("", exc_info=failure)

    def _add_failed_stream(self, name: str) -> None:
        if name not in self.failed_streams:
            self.failed_streams.append(name)

    @override
    def load_state(self, state: dict[str, Any]) -> None:
        super().load_state(usable_state(state, bookmark_kinds()))

    def raise_for_failed_streams(self) -> None:
        """Raise an error if a stream failed.

        Raises:
            StreamsFailed: Some streams failed; it names them.
        """
        if self.failed_streams:
            names = ", ".join(self.failed_streams)
            selected = sum(stream.selected for stream in self.streams.values())
            msg = f"{len(self.failed_streams)} of {selected} streams failed: {names}"
            raise StreamsFailed(msg)

    @plugin_cli
    @override
    def cli(cls) -> click.Command:  # noqa: N805 (as in the SDK)
        """The command line."""
        # The SDK starts the log here, so an unknown level would end in a traceback.
        mistakes = remove_unknown_log_levels(cls.name)
        command = super().cli
        show_own_lines(cls.logger, {Readings.name, *(stream.name for stream in STREAMS)})
        for line in mistakes:
            cls.logger.error("%s", line)
        if mistakes:
            sys.exit(FAILED)
        return command

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
        """Run the tap. An error ends it with one line, without a traceback."""
        if about:
            cls.print_about(about_format)
            return
        with exit_on_failure(cls.logger, cls.stopper):
            cls.print_version(print_fn=lambda line: cls.logger.info("%s", line))
            tap = cls(
                config=config.config,
                parse_env_config=config.parse_env,
                state=read_json(state, "state"),
                catalog=read_catalog(catalog),
            )
            tap._log_start()
            try:
                tap.sync_all()
            except Stopped:
                # Batch files are only written when they are full, so the state is ahead of them.
                if not tap.config.get("batch_config"):
                    tap.state_writer.write_state(tap.state)
                raise
            finally:
                tap.flush()
                tap._log_end()
                tap.reader.close()
            tap.raise_for_failed_streams()

    @classmethod
    @override
    def cb_config(cls, ctx: click.Context, param: click.Option, value: tuple[str, ...]) -> Any:
        """Read the config files: the callback of ``--config``."""
        with exit_on_failure(cls.logger, cls.stopper):
            # The SDK reads only UTF-8. Its method returns a private type, so it runs without files.
            options = super().cb_config(ctx, param, tuple(path for path in value if path == "ENV"))
            for path in value:
                if path != "ENV":
                    options.config |= read_config(path)
            return options

    @classmethod
    @override
    def cb_discover(cls, ctx: click.Context, param: click.Option, value: bool) -> None:
        """Print the catalog: the callback of ``--discover``."""
        with exit_on_failure(cls.logger, cls.stopper):
            super().cb_discover(ctx, param, value)

    @classmethod
    @override
    def cb_test(cls, ctx: click.Context, param: click.Option, value: str) -> None:
        """Test the tap: the callback of ``--test``. It fails if a stream cannot be read."""
        if value != CliTestOptionValue.All.value:
            super().cb_test(ctx, param, value)
            return
        with exit_on_failure(cls.logger, cls.stopper):
            config = ctx.params["config"]
            tap = cls(config=config.config, parse_env_config=config.parse_env)
            # run_connection_test would also read streams that are not selected.
            tap.run_sync_dry_run(1, [one for one in tap.streams.values() if one.selected])
            tap.flush()
            tap.raise_for_failed_streams()
            cls.logger.info("all selected streams can be read")
        ctx.exit()
