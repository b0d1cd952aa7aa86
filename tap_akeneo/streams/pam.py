"""The old asset manager, PAM (Enterprise 2.1 to 3.x)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from typing_extensions import override

from tap_akeneo.client.responses import objects_in, value_of
from tap_akeneo.pagination.request import Pagination
from tap_akeneo.streams.base import AkeneoStream

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from tap_akeneo.client.responses import Item


class PamAssets(AkeneoStream):
    """Assets of the old asset manager."""

    name = "pam_assets"
    path = "assets"
    since = "2.1"
    pagination = Pagination.SEARCH_AFTER

    @override
    def items(self, item: Item) -> Iterable[Mapping[str, Any]]:
        files = ("variation_files", "reference_files")
        yield {
            **item,
            **{
                # Here the PIM names links `_link` instead of `_links`.
                name: [
                    {key: file[key] for key in file if key != "_link"}
                    for file in objects_in(value_of(item, name))
                ]
                for name in files
                if name in item
            },
        }


class PamAssetCategories(AkeneoStream):
    """Categories of the old asset manager."""

    name = "pam_asset_categories"
    path = "asset-categories"
    since = "2.1"


class PamAssetTags(AkeneoStream):
    """Tags of the old asset manager."""

    name = "pam_asset_tags"
    path = "asset-tags"
    since = "2.1"
