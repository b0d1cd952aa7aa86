"""Query parameters of the lists of products and models: checks, views and links."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from pim_simulator.database.profiles import NONE, SAAS, since
from pim_simulator.http.errors import ApiError
from pim_simulator.products.bodies import View

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pim_simulator.database.profiles import Profile
    from pim_simulator.database.store import Store
    from pim_simulator.http.paging import Paging
    from pim_simulator.http.search_syntax import Filters


# Query parameters that add to bodies, and the versions that have them.
_FLAGS = {
    "with_attribute_options": since(5),
    "with_quality_scores": since(5),
    "with_completenesses": since(6),
    "with_workflow_execution_statuses": SAAS,
    "with_enabled_assets_only": SAAS,
    "with_asset_share_links": SAAS,
    "convert_measurements": SAAS,
}
# Where a list differs: models have no ``with_attribute_options`` (recorded on all versions) and
# no ``with_quality_scores`` before 7.0 (recorded on 6.0.90).
_FLAGS_OF = {
    "products-uuid": {"with_root_parent": SAAS},
    "product-models": {
        "with_attribute_options": NONE,
        "with_quality_scores": since(7),
        "with_completenesses": NONE,
    },
    "published-products": {
        "with_attribute_options": NONE,
        "with_completenesses": NONE,
        "with_workflow_execution_statuses": NONE,
    },
}


_READINESS = ("scores_only", "detailed")


class ItemParameters:
    """Checks and reads query parameters as a version of the PIM does."""

    def __init__(self, store: Store, profile: Profile) -> None:
        self._store = store
        self._profile = profile

    def check(self, query: Mapping[str, str]) -> None:
        """Raise a 422 for unknown attributes, channel or locales (``QueryParametersChecker``)."""
        store = self._store
        unknown = [
            code for code in _codes(query, "attributes") or () if code not in store.attributes
        ]
        if unknown:
            words = "Attributes {} do not" if len(unknown) > 1 else "Attribute {} does not"
            raise ApiError(422, words.format(f'"{", ".join(unknown)}"') + " exist.")
        scope = query.get("scope")
        if scope is not None and scope not in store.channels:
            raise ApiError(422, f'Scope "{scope}" does not exist.')
        readiness = query.get("with_readiness", _READINESS[0])
        if self._profile.saas and readiness not in _READINESS:
            # The description names the values, but not what the error says.
            raise ApiError(422, f'"{readiness}" is not a valid value of "with_readiness".')
        if scope is None and self._profile.saas and query.get("convert_measurements") == "true":
            # The documentation says that the channel is mandatory, but not what the error says.
            raise ApiError(422, 'The "scope" is mandatory with "convert_measurements".')
        locales = _codes(query, "locales") or ()
        self._check_locales(locales)
        if scope is not None:
            active = store.channels[scope].body["locales"]
            others = [code for code in locales if code not in active]
            if others:
                words = 'Locales "{}" are' if len(others) > 1 else 'Locale "{}" is'
                message = words.format(", ".join(others))
                raise ApiError(422, f'{message} not activated for the scope "{scope}".')
        searched = query.get("search_locale")
        if searched:
            self._check_locales([searched])

    def _check_locales(self, locales: Iterable[str]) -> None:
        active = self._store.active_locales()
        unknown = [code for code in locales if code not in active]
        if len(unknown) > 1:
            names = ", ".join(unknown)
            raise ApiError(422, f'Locales "{names}" do not exist or are not activated.')
        if unknown:
            message = f'Locale "{unknown[0]}" does not exist or is not activated.'
            raise ApiError(422, message)

    def view(self, resource: str, query: Mapping[str, str], base: str) -> View:
        """Return how a request wants items to be written."""
        scope = query.get("scope")
        locales = _codes(query, "locales")
        if scope in self._store.channels and locales is None:
            locales = self._store.channels[scope].body["locales"]
        attributes = _codes(query, "attributes")
        flags = {**_FLAGS, **_FLAGS_OF.get(resource, {})}
        published = resource == "published-products"
        readiness = query.get("with_readiness")
        if published or not self._profile.saas:
            readiness = None
        return View(
            base=base,
            by_uuid=resource == "products-uuid",
            channel=scope,
            locales=None if locales is None else tuple(locales),
            attributes=None if attributes is None else frozenset(attributes),
            flags=frozenset(
                name
                for name, profiles in flags.items()
                if query.get(name) == "true" and self._profile.name in profiles
            ),
            readiness=readiness,
            published=published,
        )

    def repeated(
        self, query: Mapping[str, str], filters: Filters, paging: Paging, *, models: bool
    ) -> dict[str, str]:
        """Return the parameters that the links repeat.

        They lose ``search_locale`` (#11722), and for models all of ``with_*``
        (``ProductModelController::normalizeProductModelsList``, recorded on all versions).
        """
        repeated = {} if paging.search_after else {"page": str(paging.page)}
        repeated |= {
            "with_count": query.get("with_count", "false"),
            "pagination_type": "search_after" if paging.search_after else "page",
            "limit": str(paging.limit),
        }
        if filters:
            repeated["search"] = json.dumps(filters, separators=(",", ":")).replace("/", "\\/")
        for name in ("scope", "search_scope", "locales", "attributes"):
            if name in query:
                repeated[name] = query[name]
        if self._profile.saas:  # api.akeneo.com shows links of models with them
            repeated |= {
                name: text for name, text in query.items() if name.startswith(("with_", "convert_"))
            }
        elif not models:
            repeated |= {
                name: "true"
                for name, profiles in _FLAGS.items()
                if query.get(name) == "true" and self._profile.name in profiles
            }
        return repeated


def _codes(query: Mapping[str, str], name: str) -> list[str] | None:
    return None if name not in query else [code.strip() for code in query[name].split(",")]
