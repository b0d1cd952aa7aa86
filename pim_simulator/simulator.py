"""The simulated PIM as a whole."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from pim_simulator.api.api import Api
from pim_simulator.catalogue import make_catalogue
from pim_simulator.catalogue.cloud import PERSONAL, SECRETS
from pim_simulator.cloud.catalogs import CatalogLists
from pim_simulator.cloud.lists import CloudLists
from pim_simulator.database.clock import Clock, ServerZone
from pim_simulator.database.index import Index
from pim_simulator.database.profiles import PROFILES
from pim_simulator.http.asgi import make_app
from pim_simulator.http.faults import Faults
from pim_simulator.http.oauth import Tokens
from pim_simulator.http.requests_log import RequestLog
from pim_simulator.http.server import running
from pim_simulator.libraries.bodies import LibraryBodies
from pim_simulator.libraries.lists import LibraryLists
from pim_simulator.libraries.search import LibrarySearch
from pim_simulator.products.bodies import ItemBodies
from pim_simulator.products.lists import ItemLists
from pim_simulator.products.search import ProductSearch
from pim_simulator.structure.bodies import StructureBodies
from pim_simulator.structure.lists import StructureLists
from pim_simulator.truth.community import truth
from pim_simulator.writes.calls import WriteCalls
from pim_simulator.writes.writer import Writer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from starlette.applications import Starlette

    from pim_simulator.http.call import Answer, Call


class SimulatedPim:
    """An Akeneo PIM whose REST API behaves as the real one, quirks included.

    Attributes:
        profile: The version.
        timezone: Name of the server's time zone.
        clock: The server's clock.
        credentials: ``client_id``, ``client_secret``, ``username``, ``password``.
        requests: The requests so far.
        faults: Faults to inject.
        tokens: The issued tokens.
        ghosts: Keys of products (uuid or identifier) and models (code) that are in the
            index but missing from SQL.
        broken: Keys of products and models that cannot be normalised, so that pages with
            them answer 500.
        write: Changes the catalogue, as the API does.
        hanging: Parts of paths whose requests never get a response, as those of workflows
            where they are disabled (OpenAkeneo/dotnet-rest-api-client).
        secrets: Every secret in the responses: signing keys, passwords, tokens.
        personal: Every personal string in the responses: names and addresses of people.
        links_base: Scheme and host of the links, if not those of the request.
        latency: Delay of every response in seconds.
        url: URL while it is served, None otherwise.
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
        """Generate the catalogue.

        Args:
            profile: Version: ``pim-3``, ``ce-4``, ``ce-5``, ``ce-6``, ``ce-7``, ``ee-7``,
                ``ce-master`` (April 2024) or ``saas``.
            seed: Seed of the catalogue.
            products: Number of products.
            asset_families: Number of asset families, in editions that have them.
            reference_entities: Number of reference entities, in editions that have them.
            records: Number of records per reference entity and of assets per asset family.
            timezone: Time zone of the server.
            clock_offset: How far the server's clock is ahead of ours.
            links_base: Scheme and host in links, if they differ from the request's, as behind
                a proxy (akeneo/api-php-client#171).
            index_lag: Seconds until a write is visible in the search index.
            latency: Delay of every response in seconds.
            access_token_lifetime: Lifetime of access tokens in seconds.
            shuffle_media_files: Whether ``/media-files``, which has no ``ORDER BY``, changes
                its order between requests.
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
        """The enabled features; discard one to disable it.

        The routes of a disabled feature are not listed, and answer ``Feature … is not
        enabled``. Versions without the feature answer ``No route found``.
        """
        return self._api.features

    @property
    def app_token(self) -> str:
        """The permanent token of an app, which catalogs require."""
        return self.tokens.app

    @property
    def search_after_page_size(self) -> int:
        """Page size of the lists that take no ``limit``."""
        return self._libraries.page_size

    @search_after_page_size.setter
    def search_after_page_size(self, size: int) -> None:
        self._libraries.page_size = size

    @property
    def permissions(self) -> set[str]:
        """The granted permissions; discard one to get its 403."""
        return self._api.permissions

    @property
    def access_token_lifetime(self) -> float:
        """Lifetime in seconds of access tokens issued from now on."""
        return self._api.lifetime

    @access_token_lifetime.setter
    def access_token_lifetime(self, seconds: float) -> None:
        self._api.lifetime = seconds

    def truth(self, resource: str, *, by_uuid: bool | None = None) -> list[dict[str, Any]]:
        """Return the contents of the PIM, in the form that its reference documents.

        Args:
            resource: ``products``, ``product_models``, ``families``, ``family_variants``
                (with ``family``), ``attributes``, ``attribute_options``, … .
            by_uuid: Whether products have the form of ``/products-uuid``; by default if the
                version has that list.
        """
        uuid = self.profile.by_uuid if by_uuid is None else by_uuid
        return truth(self._store, self.profile, self.timezone, resource, by_uuid=uuid)

    def answer(self, call: Call) -> Answer:
        """Return the response to a request."""
        return self._api.answer(call)

    def app(self) -> Starlette:
        """Return the ASGI application."""
        return make_app(self)


@contextmanager
def serve(
    pim: SimulatedPim, *, host: str = "127.0.0.1", port: int = 0, certificate: Path | None = None
) -> Iterator[str]:
    """Serve a simulated PIM for the duration of a ``with`` block.

    Args:
        pim: What to serve.
        host: Address to listen at.
        port: Port to listen at; a free one by default.
        certificate: PEM file with a key and its certificate, for HTTPS.

    Yields:
        The URL, ``http://127.0.0.1:PORT`` or ``https://…``.

    Raises:
        RuntimeError: If the server does not start.
    """
    with running(pim.app(), host=host, port=port, certificate=certificate) as url:
        pim.url = url
        try:
            yield url
        finally:
            pim.url = None
