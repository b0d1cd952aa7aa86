"""The interface of the tap for its streams."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar

from singer_sdk import Tap

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from tap_akeneo.cli import Stopper
    from tap_akeneo.client.errors import RequestRefused
    from tap_akeneo.client.pim import Pim
    from tap_akeneo.config.settings import Settings
    from tap_akeneo.maps import StreamMaps
    from tap_akeneo.pagination.plans import Plan
    from tap_akeneo.pagination.reader import Reader
    from tap_akeneo.value_columns.definitions import Column
    from tap_akeneo.writer import DeferredVersionWriter


class TapInterface(Tap, ABC):
    """The part of the tap that its streams use.

    Attributes:
        versions: Writes messages, and holds back ACTIVATE_VERSION.
        ended_streams: Names of the streams that were read to their end.
        skipped_streams: Names of the streams of which no list was read.
        skipped_lists: Paths of the skipped lists of other streams, by stream.
    """

    stopper: ClassVar[Stopper]
    versions: DeferredVersionWriter
    ended_streams: set[str]
    skipped_streams: set[str]
    skipped_lists: dict[str, list[str]]

    @property
    @abstractmethod
    def settings(self) -> Settings:
        """The validated settings."""

    @property
    @abstractmethod
    def pim(self) -> Pim:
        """The PIM at ``base_url``."""

    @property
    @abstractmethod
    def value_columns(self) -> Sequence[Column]:
        """The columns of the setting ``value_columns``."""

    @abstractmethod
    def identifier_codes(self) -> list[str]:
        """Return the codes of the identifier attributes, the main one first.

        Raises:
            RequestRefused: The PIM does not list its attributes.
        """

    @property
    @abstractmethod
    def maps(self) -> StreamMaps:
        """The maps of the setting ``stream_maps``."""

    @property
    @abstractmethod
    def reader(self) -> Reader:
        """Reads the lists of all streams."""

    @abstractmethod
    def plans_after(self, name: str) -> Iterator[tuple[str, Callable[[], Plan[None]]]]:
        """Yield the names and plans of the selected streams after this one."""

    @abstractmethod
    def stream_refused(
        self, name: str, refusal: RequestRefused, permission: str, *, may_skip: bool
    ) -> bool:
        """Record that the PIM refuses a list, and return whether the setting skips it.

        Other streams continue. The run fails at its end, unless the list is skipped.

        Args:
            name: Name of the stream.
            refusal: The refusal.
            permission: The permission that the list needs, as the PIM's role screen names it.
            may_skip: Whether the setting `on_forbidden` applies.
        """

    @abstractmethod
    def end_stream(self, name: str, skipped: Sequence[str], *, is_partial: bool) -> None:
        """Record that a stream was read to its end, and the paths of the lists it skipped."""

    @abstractmethod
    def write_readings(self, rows: Iterable[Mapping[str, Any]]) -> None:
        """Write rows of the stream of readings, if it is selected."""

    @abstractmethod
    def is_read(self, name: str) -> bool:
        """Return whether nothing of a stream is broken, was skipped or failed."""

    @abstractmethod
    def stream_broken(self, name: str, reason: str) -> None:
        """Record that a stream lacks items that the PIM cannot send, which is no failure."""

    @abstractmethod
    def stream_failed(self, name: str, reason: str) -> None:
        """Record that a stream is incomplete. Other streams continue."""

    @abstractmethod
    def stream_raised(self, name: str, failure: Exception) -> None:
        """Record that an unexpected error ended a stream. Other streams continue."""
