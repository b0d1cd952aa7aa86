"""What streams need of the tap."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, ClassVar

from singer_sdk import Tap

if TYPE_CHECKING:
    from tap_akeneo.cli import Stopper
    from tap_akeneo.client.errors import RequestRefused
    from tap_akeneo.client.pim import Pim
    from tap_akeneo.config.settings import Settings
    from tap_akeneo.maps import StreamMaps
    from tap_akeneo.writer import DeferredVersionWriter


class StreamHost(Tap, ABC):
    """A tap as its streams see it.

    Attributes:
        versions: Writes messages, versions after the records of their stream.
        rows: Records of all streams so far.
        ended_streams: Names of the streams that were read to their end.
    """

    stopper: ClassVar[Stopper]
    versions: DeferredVersionWriter
    rows: int
    ended_streams: set[str]

    @property
    @abstractmethod
    def settings(self) -> Settings:
        """The validated settings."""

    @property
    @abstractmethod
    def pim(self) -> Pim:
        """The PIM that the settings name."""

    @property
    @abstractmethod
    def maps(self) -> StreamMaps:
        """The maps of the setting ``stream_maps``."""

    @abstractmethod
    def stream_refused(self, name: str, refusal: RequestRefused, permission: str) -> None:
        """Note that the PIM refuses a stream: the others go on, and the run fails at its end."""

    @abstractmethod
    def stream_failed(self, name: str, reason: str) -> None:
        """Note that a stream could not be read as a whole: the run fails at its end."""
