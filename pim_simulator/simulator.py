"""The simulated PIM as a whole."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from pim_simulator.api.api import Api, all_features, all_permissions
from pim_simulator.api.table import add_rows
from pim_simulator.catalogue import make_catalogue
from pim_simulator.catalogue.cloud import PERSONAL, SECRETS
from pim_simulator.database.clock import Clock, ServerZone
from pim_simulator.database.installation import Installation
from pim_simulator.database.profiles import PROFILES
from pim_simulator.http.asgi import make_app
from pim_simulator.http.faults import Faults
from pim_simulator.http.oauth import Tokens
from pim_simulator.http.requests_log import RequestLog
from pim_simulator.http.server import running
from pim_simulator.truth.community import truth
from pim_simulator.writes.writer import Writer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from starlette.applications import Starlette

    from pim_simulator.http.messages import Request, Response


class SimulatedPim(Installation):
    """An Akeneo PIM whose REST API behaves as the real one, quirks included.

    Attributes:
        timezone: Name of the server's time zone.
        credentials: ``client_id``, ``client_secret``, ``username``, ``password``.
        requests: The requests so far.
        faults: Faults to inject.
        tokens: The issued tokens.
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
                ``ce-2026``, ``ce-master`` (April 2024), ``librepim-8`` or ``saas``.
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
        version = PROFILES[profile]
        store = make_catalogue(
            version,
            seed=seed,
            products=products,
            asset_families=asset_families,
            reference_entities=reference_entities,
            records=records,
        )
        add_rows(store, version, seed)
        super().__init__(
            version,
            store,
            Clock(clock_offset),
            ServerZone(timezone),
            index_lag=index_lag,
            seed=seed,
            shuffle_media_files=shuffle_media_files,
            access_token_lifetime=access_token_lifetime,
            features=all_features(version),
            permissions=all_permissions(version),
        )
        self.timezone = timezone
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
        self.secrets = SECRETS if version.saas else ()
        self.personal = PERSONAL if version.saas else ()
        self.write = Writer(self)
        self._api = Api(self, self.tokens, self.credentials)

    @property
    def app_token(self) -> str:
        """The permanent token of an app, which catalogs require."""
        return self.tokens.app

    def truth(self, resource: str, *, by_uuid: bool | None = None) -> list[dict[str, Any]]:
        """Return the contents of the PIM, in the form that its reference documents.

        Args:
            resource: ``products``, ``product_models``, ``families``, ``family_variants``
                (with ``family``), ``attributes``, ``attribute_options``, … .
            by_uuid: Whether products have the form of ``/products-uuid``; by default if the
                version has that list.
        """
        uuid = self.profile.by_uuid if by_uuid is None else by_uuid
        return truth(self, resource, by_uuid=uuid)

    def respond(self, request: Request) -> Response:
        """Return the response to a request."""
        return self._api.respond(request)

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
