"""One installed PIM: what all parts of the simulator share."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pim_simulator.database.index import Index

if TYPE_CHECKING:
    from pim_simulator.database.clock import Clock, ServerZone
    from pim_simulator.database.profiles import Profile
    from pim_simulator.database.store import Store


@dataclass(eq=False, repr=False)
class Installation:
    """A PIM with its data and its settings.

    Attributes:
        profile: The version.
        store: The tables.
        clock: The server's clock.
        zone: The server's time zone.
        index_lag: Seconds until a write is visible in the search index.
        seed: Seed of the catalogue.
        shuffle_media_files: Whether ``/media-files``, which has no ``ORDER BY``, changes its
            order between requests.
        access_token_lifetime: Lifetime in seconds of access tokens issued from now on.
        features: The enabled features; discard one to disable it. The routes of a disabled
            feature are not listed, and answer ``Feature … is not enabled``. Versions without
            the feature answer ``No route found``.
        permissions: The granted permissions; discard one to get its 403.
        missing: Keys of products (uuid or identifier) and models (code) that are in the search
            index but missing from the database.
        broken: Keys of products and models that cannot be normalised, so that pages with them
            answer 500.
        search_after_page_size: Page size of the lists that take no ``limit``, which is not
            documented; 100 is the maximum of other lists.
        indexes: The search indexes, by table.
    """

    profile: Profile
    store: Store
    clock: Clock
    zone: ServerZone
    index_lag: float = 0
    seed: int = 1
    shuffle_media_files: bool = False
    access_token_lifetime: float = 3600
    features: set[str] = field(default_factory=set)
    permissions: set[str] = field(default_factory=set)
    missing: set[str] = field(default_factory=set)
    broken: set[str] = field(default_factory=set)
    search_after_page_size: int = 100
    indexes: dict[str, Index] = field(init=False)

    def __post_init__(self) -> None:
        """Index the tables."""
        tables = ("products", "product_models", "published_products")
        store, lag = self.store, self.index_lag
        self.indexes = {table: Index(getattr(store, table), store, lag) for table in tables}
