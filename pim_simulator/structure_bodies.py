"""Bodies of everything but products and models, as a version of the PIM writes them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pim_simulator.bodies import php_array
from pim_simulator.catalogue.enterprise import TABLE_OPTIONS
from pim_simulator.catalogue.library_structure import option_body
from pim_simulator.paging import path_link

if TYPE_CHECKING:
    from pim_simulator.clock import ServerZone
    from pim_simulator.profiles import Profile
    from pim_simulator.store import Entity, MediaFile, Store

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
        """Return a row that is the same in all versions."""
        return dict(row.body)

    def attribute(self, row: Entity, *, select_options: bool = False) -> dict[str, Any]:
        """Return an attribute.

        Args:
            row: The row.
            select_options: Whether to add the options of the select columns of a table;
                ``with_table_select_options=false`` asks for them, too (``(bool) "false"``).
        """
        profile = self._profile
        body = dict(row.body)
        if select_options and "table_configuration" in body:
            body["table_configuration"] = [
                {**column, "options": _TABLE_OPTIONS} if column["data_type"] == "select" else column
                for column in body["table_configuration"]
            ]
        for limit in ("date_min", "date_max"):
            if body[limit] is not None:
                body[limit] = self._zone.midnight(body[limit])
        if not profile.since(6):
            body["group_labels"] = php_array(body["group_labels"])
            del body["guidelines"]
        if not profile.since(5):
            del body["default_value"]
        if not profile.since(4):
            del body["group_labels"]
        if profile.saas:
            body |= self._newer_attribute_keys(row)
        return body

    @staticmethod
    def _newer_attribute_keys(row: Entity) -> dict[str, Any]:
        kind = row.body["type"]
        select = kind in ("pim_catalog_simpleselect", "pim_catalog_multiselect")
        decimals = row.body["decimals_allowed"]
        newer = {
            "is_mandatory": False,
            "decimal_places_strategy": "round" if decimals else None,
            "decimal_places": 4 if decimals else None,
            "enable_option_creation_during_import": False if select else None,
            "max_items_count": 10 if kind == "pim_catalog_multiselect" else None,
        }
        if kind == "pim_catalog_identifier":
            newer["is_main_identifier"] = True
        return newer

    def family(self, row: Entity) -> dict[str, Any]:
        """Return a family."""
        return {**row.body, "parent": None} if self._profile.saas else dict(row.body)

    def family_variant(self, row: Entity) -> dict[str, Any]:
        """Return a family variant; its family stands in the path only."""
        body = dict(row.body)
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
        """Return a category; its list differs from the single one."""
        profile = self._profile
        body = {"code": row.body["code"], "parent": row.body["parent"]}
        if profile.category_updated:
            # The list never converts what the column holds, UTC (ExternalApiCategory).
            wrong = self._zone.utc_clock_with_server_offset
            body["updated"] = wrong(row.updated) if listed else self._zone.date_c(row.updated)
        if position and profile.by_uuid:
            body["position"] = row.body["position"]
        body["labels"] = row.body["labels"]
        if listed and profile.by_uuid and not profile.saas:
            body["labels"] = php_array(row.body["labels"])
        if enriched and profile.by_uuid:
            body["values"] = self._category_values(row)
        if profile.saas:
            body["channel_requirements"] = ["ecommerce"] if row.body["parent"] is None else []
            body["validations"] = {
                "max_categories_per_product": None,
                "only_leaves": False,
                "is_mandatory": False,
            }
        elif enriched and profile.by_uuid:
            body["template"] = None
        return body

    def _category_values(self, row: Entity) -> dict[str, Any] | list[Any]:
        if row.body["parent"] is not None:
            return php_array({})
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

    def measurement_family(self, row: Entity) -> dict[str, Any]:
        """Return a family of ``/measurement-families``."""
        if self._profile.by_uuid:
            return dict(row.body)
        units = {  # a list where it is empty, before 7.0 (#16925)
            code: {**unit, "labels": php_array(unit["labels"])}
            for code, unit in row.body["units"].items()
        }
        return {**row.body, "labels": php_array(row.body["labels"]), "units": units}

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
