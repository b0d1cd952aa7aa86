"""The simulated PIM as a whole."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from pim_simulator.api import Api
from pim_simulator.asgi import make_app
from pim_simulator.bodies import ItemBodies
from pim_simulator.catalog_lists import CatalogLists
from pim_simulator.catalogue import make_catalogue
from pim_simulator.catalogue.cloud import PERSONAL, SECRETS
from pim_simulator.clock import Clock, ServerZone
from pim_simulator.cloud_lists import CloudLists
from pim_simulator.faults import Faults
from pim_simulator.index import Index
from pim_simulator.item_lists import ItemLists
from pim_simulator.library_bodies import LibraryBodies
from pim_simulator.library_lists import LibraryLists
from pim_simulator.library_search import LibrarySearch
from pim_simulator.oauth import Tokens
from pim_simulator.product_search import ProductSearch
from pim_simulator.profiles import PROFILES
from pim_simulator.requests_log import RequestLog
from pim_simulator.structure_bodies import StructureBodies
from pim_simulator.structure_lists import StructureLists
from pim_simulator.truth import truth
from pim_simulator.write_calls import WriteCalls
from pim_simulator.writer import Writer

if TYPE_CHECKING:
    from starlette.applications import Starlette


class SimulatedPim:
    """An Akeneo PIM that answers its REST API as the real one does, quirks included.

    Attributes:
        profile: The version.
        timezone: Name of the server's time zone.
        clock: The server's clock.
        credentials: ``client_id``, ``client_secret``, ``username``, ``password``.
        requests: The answered requests.
        faults: Faults still to come.
        tokens: Tokens given out.
        ghosts: Keys of products (uuid or identifier) and models (code) which are in the
            index but not in SQL.
        broken: Keys of products and models whose presence makes a page a 500.
        write: Changes the catalogue, as the API does.
        hanging: Parts of paths whose requests get no answer, as those of workflows where
            they are disabled (OpenAkeneo/dotnet-rest-api-client).
        secrets: Every secret in what the PIM answers: signing keys, passwords, tokens.
        personal: Every personal string: names and addresses of people.
        links_base: Scheme and host of the links, if not those of the request.
        latency: Seconds by which every answer is delayed.
        url: Where it is being served, None while it is not.
    """

    def __init__(  # noqa: PLR0913 - options, by name
        self,
        profile: str = "ce-7",
        *,
        seed: int = 1,
        products: int = 250,
        asset_families: int = 3,
        reference_entities: int = 3,
        records: int = 40,
        timezone: str = "UTC",
        clock_offset: timedelta = timedelta(0),
        links_base: str | None = None,
        index_lag: float = 0,
        latency: float = 0,
        access_token_lifetime: float = 3600,
        shuffle_media_files: bool = False,
    ) -> None:
        """Make the catalogue.

        Args:
            profile: Version: ``pim-3``, ``ce-4``, ``ce-5``, ``ce-6``, ``ce-7``, ``ee-7`` or
                ``saas``.
            seed: Seed of the catalogue.
            products: How many products there are.
            asset_families: How many asset families there are, where there can be any.
            reference_entities: How many reference entities there are, likewise.
            records: How many records a reference entity has, and assets an asset family.
            timezone: Time zone of the server.
            clock_offset: How far the server's clock is ahead of ours.
            links_base: Scheme and host which the PIM puts into links, as one behind a
                proxy does (akeneo/api-php-client#171).
            index_lag: Seconds until a write shows in the search index.
            latency: Seconds by which every answer is delayed.
            access_token_lifetime: Seconds for which an access token is good.
            shuffle_media_files: Whether the order of ``/media-files``, which has no
                ``ORDER BY``, changes from one request to the next.
        """
        self.profile = PROFILES[profile]
        self.timezone = timezone
        self.clock = Clock(clock_offset)
        self.credentials = {
            "client_id": "1_3e2iqilq2ygwk0ccgogkcwco8oosckkkk4gkoc0k4s8s044wss",
            "client_secret": "44ectenmudus8g88w4wkws84044ckw0k4w4kg0sokoss84oko8",
            "username": "tap_1234",
            "password": "secret-password",
        }
        self.requests = RequestLog()
        self.faults = Faults()
        self.tokens = Tokens(self.clock)
        self.links_base = links_base
        self.latency = latency
        self.url: str | None = None
        self.hanging: set[str] = set()
        self.secrets = SECRETS if self.profile.saas else ()
        self.personal = PERSONAL if self.profile.saas else ()
        self._store = make_catalogue(
            self.profile,
            seed=seed,
            products=products,
            asset_families=asset_families,
            reference_entities=reference_entities,
            records=records,
        )
        zone = ServerZone(timezone)
        index = Index(self._store.products, self._store, index_lag)
        models = Index(self._store.product_models, self._store, index_lag)
        published = Index(self._store.published_products, self._store, index_lag)
        self.write = Writer(
            *(self._store, self.profile, self.clock),
            products=index,
            models=models,
            published=published,
        )
        bodies = ItemBodies(self._store, self.profile, zone)
        items = ItemLists(
            store=self._store,
            profile=self.profile,
            bodies=bodies,
            search=ProductSearch(self._store, self.profile, zone, self.clock, bodies),
            indexes={
                "products": index,
                "products-uuid": index,
                "product-models": models,
                "published-products": published,
            },
            clock=self.clock,
        )
        self._libraries = LibraryLists(
            self._store,
            LibraryBodies(self._store, self.profile, zone),
            LibrarySearch(self._store, self.profile, self.clock),
        )
        self.ghosts = items.ghosts
        self.broken = items.broken
        self._api = Api(
            store=self._store,
            profile=self.profile,
            clock=self.clock,
            tokens=self.tokens,
            credentials=self.credentials,
            items=items,
            structure=StructureLists(
                self._store,
                self.profile,
                StructureBodies(self._store, self.profile, zone),
                seed=seed,
                shuffle_media_files=shuffle_media_files,
            ),
            libraries=self._libraries,
            cloud=CloudLists(self._store),
            catalogs=CatalogLists(self._store, bodies),
            writes=WriteCalls(self.write, self.profile),
            lifetime=access_token_lifetime,
        )

    @property
    def features(self) -> set[str]:
        """Features of the Enterprise Edition that are on; discard one to switch it off.

        A feature that is off is not in the list of routes, and its routes answer the 404
        of the PIM; so do those of a version that never had it, with another text.
        """
        return self._api.features

    @property
    def app_token(self) -> str:
        """A permanent token, as an app gets it; only with it catalogs can be read."""
        return self.tokens.app

    @property
    def search_after_page_size(self) -> int:
        """Size of the pages of the lists that take no ``limit``."""
        return self._libraries.page_size

    @search_after_page_size.setter
    def search_after_page_size(self, size: int) -> None:
        self._libraries.page_size = size

    @property
    def permissions(self) -> set[str]:
        """ACL ids which are granted; discard one to get the real 403."""
        return self._api.permissions

    @property
    def access_token_lifetime(self) -> float:
        """Seconds for which the access tokens given out from now on are good."""
        return self._api.lifetime

    @access_token_lifetime.setter
    def access_token_lifetime(self, seconds: float) -> None:
        self._api.lifetime = seconds

    def truth(self, resource: str, *, by_uuid: bool | None = None) -> list[dict[str, Any]]:
        """Return what the PIM holds, in the form its reference documents.

        Args:
            resource: ``products``, ``product_models``, ``families``, ``family_variants``
                (with ``family``), ``attributes``, ``attribute_options``, … .
            by_uuid: Whether products are as ``/products-uuid`` has them; by default
                where there is such a list.
        """
        uuid = self.profile.by_uuid if by_uuid is None else by_uuid
        return truth(self._store, self.profile, self.timezone, resource, by_uuid=uuid)

    def app(self) -> Starlette:
        """Return the ASGI application."""
        return make_app(
            self._api,
            log=self.requests,
            faults=self.faults,
            clock=self.clock,
            latency=self.latency,
            links_base=self.links_base,
            hanging=self.hanging,
        )
