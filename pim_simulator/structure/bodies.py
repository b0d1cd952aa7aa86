"""Bodies of everything but products and models."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pim_simulator.catalogue.enterprise import TABLE_OPTIONS
from pim_simulator.catalogue.library_structure import option_body
from pim_simulator.database.php import php_array
from pim_simulator.http.paging import path_link

if TYPE_CHECKING:
    from pim_simulator.database.clock import ServerZone
    from pim_simulator.database.entities import Entity
    from pim_simulator.database.profiles import Profile
    from pim_simulator.database.store import MediaFile, Store

_TABLE_OPTIONS = [option_body(code, texts) for code, texts in TABLE_OPTIONS.items()]
_CATEGORY_ATTRIBUTES = "8f2c1d0a-5b6e-4c3d-9a7f-1e2d3c4b5a69"


class StructureBodies:
    """Writes rows of the catalogue structure.

    Args:
        store: The tables.
        profile: The version.
        zone: The server's time zone.
    """

    def __init__(self, store: Store, profile: Profile, zone: ServerZone) -> None:
        """Keep what is needed for every body."""
        self._store = store
        self._profile = profile
        self._zone = zone

    def plain(self, row: Entity) -> dict[str, Any]:
        """Return a body that is the same in all versions."""
        body = dict(row.body)
        if "labels" in body:
            body["labels"] = self._store.shown_labels(body["labels"])
        return body

    def attribute(self, row: Entity, *, select_options: bool = False) -> dict[str, Any]:
        """Return an attribute.

        Args:
            row: The row.
            select_options: Whether to add the options of a table's select columns.
                ``with_table_select_options=false`` does so, too (``(bool) "false"``).
        """
        profile = self._profile
        body = self.plain(row)
        group_labels = self._store.shown_labels(body.pop("group_labels"))
        if select_options and "table_configuration" in body:
            body["table_configuration"] = [
                {**column, "options": _TABLE_OPTIONS} if column["data_type"] == "select" else column
                for column in body["table_configuration"]
            ]
        for limit in ("date_min", "date_max"):
            if body[limit] is not None:
                body[limit] = self._zone.midnight(body[limit])
        if not profile.since(6):
            del body["guidelines"]
        if not profile.since(5):
            del body["default_value"]
        if profile.since(8) and body["type"] == "pim_catalog_identifier":
            body["is_main_identifier"] = True
        if profile.since(4):  # the last key (recorded); `[]` where empty before 5.0
            body["group_labels"] = group_labels if profile.since(5) else php_array(group_labels)
        if profile.saas:
            body |= self._newer_attribute_keys(row)
        return body

    @staticmethod
    def _newer_attribute_keys(row: Entity) -> dict[str, Any]:
        kind = row.body["type"]
        select = kind in ("pim_catalog_simpleselect", "pim_catalog_multiselect")
        decimals = row.body["decimals_allowed"]
        return {
            "is_mandatory": False,
            "decimal_places_strategy": "round" if decimals else None,
            "decimal_places": 4 if decimals else None,
            "enable_option_creation_during_import": False if select else None,
            "display_time": False if kind == "pim_catalog_date" else None,
            "max_items_count": 10 if kind == "pim_catalog_multiselect" else None,
        }

    def family(self, row: Entity) -> dict[str, Any]:
        """Return a family."""
        body = self.plain(row)
        return {**body, "parent": None} if self._profile.saas else body

    def family_variant(self, row: Entity) -> dict[str, Any]:
        """Return a family variant; only its path names its family."""
        body = self.plain(row)
        if self._profile.saas:
            below = {
                code for level in body["variant_attribute_sets"] for code in level["attributes"]
            }
            family = self._store.families[row.owner].body["attributes"]
            body["common_attributes"] = [code for code in family if code not in below]
        return body

    def category(
        self, row: Entity, *, listed: bool, position: bool = False, enriched: bool = False
    ) -> dict[str, Any]:
        """Return a category; dates differ between the list and a single one.

        Keys, their order and ``{}`` for no labels and no values were recorded; 7.0.22 ignores
        `enriched`, and versions before 7.0 ignore `position`.
        """
        profile = self._profile
        body = {"code": row.body["code"], "parent": row.body["parent"]}
        if profile.category_updated:
            # The list never converts the column, which is in UTC (ExternalApiCategory).
            wrong = self._zone.utc_clock_with_server_offset
            body["updated"] = wrong(row.updated) if listed else self._zone.date_c(row.updated)
        body["labels"] = self._store.shown_labels(row.body["labels"])
        if position and profile.by_uuid:
            body["position"] = row.body["position"]
        if enriched and profile.category_values:
            body["values"] = self._category_values(row)
        if profile.saas:
            body["channel_requirements"] = ["ecommerce"] if row.body["parent"] is None else []
            body["validations"] = {
                "max_categories_per_product": None,
                "only_leaves": False,
                "is_mandatory": False,
            }
        return body

    @staticmethod
    def _category_values(row: Entity) -> dict[str, Any]:
        if row.body["parent"] is not None:
            return {}
        key = f"teaser|{_CATEGORY_ATTRIBUTES}"
        return {
            f"{key}|ecommerce|en_US": {
                "data": f"<p>All of {row.code}</p>",
                "type": "textarea",
                "channel": "ecommerce",
                "locale": "en_US",
                "attribute_code": key,
            }
        }

    @staticmethod
    def measurement_family(row: Entity) -> dict[str, Any]:
        """Return a family of ``/measurement-families``."""
        return dict(row.body)

    @staticmethod
    def measure_family(row: Entity) -> dict[str, Any]:
        """Return a family of the older ``/measure-families``."""
        return {
            "code": row.body["code"],
            "standard": row.body["standard_unit_code"],
            "units": [
                {
                    "code": unit["code"],
                    "convert": {step["operator"]: step["value"]},
                    "symbol": unit["symbol"],
                }
                for unit in row.body["units"].values()
                for step in unit["convert_from_standard"]
            ],
        }

    @staticmethod
    def media_file(file: MediaFile, base: str) -> dict[str, Any]:
        """Return what is known of a media file."""
        path = f"/api/rest/v1/media-files/{file.code}"
        return {
            "_links": {
                "self": {"href": path_link(base, path)},
                "download": {"href": path_link(base, path + "/download")},
            },
            "code": file.code,
            "original_filename": file.original_filename,
            "mime_type": file.mime_type,
            "size": file.size,
            "extension": file.extension,
        }
