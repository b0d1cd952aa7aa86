"""An independent client reads everything that the PIM contains."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from pyakeneo.client import Client as Pyakeneo  # type: ignore[import-untyped]  # has no types

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tests.simulator.conftest import Client


def _plain(record: Any) -> Any:
    """Return a record without links, with maps for empty lists that stand for maps."""
    if isinstance(record, dict):
        return {key: _plain(value) for key, value in record.items() if key != "_links"}
    if isinstance(record, list):
        return [_plain(part) for part in record]
    return record


def _sorted(records: Iterable[Any]) -> list[str]:
    return sorted(json.dumps(record, sort_keys=True) for record in map(_plain, records))


def _without_dates(records: Iterable[Any]) -> Iterator[Any]:
    """Remove empty maps, and the dates that older versions write wrongly."""
    for record in records:
        kept = {key: value for key, value in record.items() if key not in ("created", "updated")}
        yield {key: {} if value == [] and key.endswith("labels") else value
               for key, value in kept.items()}  # fmt: skip


def test_pyakeneo_reads_what_the_pim_holds(any_version: Client) -> None:
    pim = any_version.pim
    known = pim.credentials
    client = Pyakeneo(
        any_version.url,
        known["client_id"],
        known["client_secret"],
        known["username"],
        known["password"],
    )
    full = {"limit": "100"}
    read = {
        "products": client.products.fetch_list(dict(full)),
        "product_models": client.product_models.fetch_list(dict(full)),
        "families": client.families.fetch_list(full),
        "attributes": client.attributes.fetch_list(full),
        "categories": client.categories.fetch_list(full),
        "attribute_groups": client.attribute_groups.fetch_list(full),
        "association_types": client.association_types.fetch_list(full),
        "channels": client.channels.fetch_list(full),
        "locales": client.locales.fetch_list(full),
        "currencies": client.currencies.fetch_list(full),
        "product_media_files": client.media_files.fetch_list(full),
    }
    for resource, records in read.items():
        expected = pim.truth(resource, by_uuid=False)
        assert _sorted(_without_dates(records)) == _sorted(_without_dates(expected)), resource
    options = [
        option
        for attribute in pim.truth("attributes")
        if attribute["type"] in ("pim_catalog_simpleselect", "pim_catalog_multiselect")
        for option in client.attributes.options(attribute["code"]).fetch_list(full)
    ]
    assert _sorted(options) == _sorted(pim.truth("attribute_options"))
    variants = [
        variant | {"family": family["code"]}
        for family in pim.truth("families")
        for variant in client.families.variants(family["code"]).fetch_list(full)
    ]
    assert _sorted(variants) == _sorted(pim.truth("family_variants"))
    client._session.close()  # noqa: SLF001 - it offers no way to close
