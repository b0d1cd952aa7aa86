"""Bodies of reference entities and asset families, their records and assets."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from pim_simulator.catalogue.libraries import tag_labels
from pim_simulator.database.libraries import ASSET_FAMILY, Kind, Library, Row, share_link
from pim_simulator.database.store import only_known
from pim_simulator.http.messages import PREFIX
from pim_simulator.http.paging import path_link

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pim_simulator.database.installation import Installation
    from pim_simulator.database.php import Json

_MIME_TYPES = {"pdf": "application/pdf", "jpg": "image/jpeg", "png": "image/png"}


class LibraryBodies:
    """Makes the bodies of reference entities and asset families, their records and assets."""

    def __init__(self, pim: Installation) -> None:
        self._store = pim.store
        self._profile = pim.profile
        self._zone = pim.zone

    def library(self, kind: Kind, library: Library, base: str, *, listed: bool) -> dict[str, Any]:
        """Return a reference entity or an asset family."""
        links: dict[str, Any] = {}
        if listed:
            own = path_link(base, f"{PREFIX}/{kind.path}/{library.code}")
            links["self"] = {"href": own}
        image = library.body.get("image")
        if image is not None:
            href = path_link(base, f"{PREFIX}/{kind.media}/{image}")
            links["image_download"] = {"href": href}
        return {"_links": links, **library.body} if links else dict(library.body)

    def row(
        self, kind: Kind, library: Library, row: Row, query: Mapping[str, str], base: str
    ) -> dict[str, Any]:
        """Return a record or an asset, filtered by channel and locales."""
        body: dict[str, Any] = {"code": row.code}
        if kind is ASSET_FAMILY and self._profile.saas:
            body["asset_family_code"] = library.code
        body["values"] = self._values(kind, library, row, query, base)
        if self._profile.since(kind.row_dates):
            body["created"] = self._zone.date_c(row.created)
            body["updated"] = self._zone.date_c(row.updated)
        return body

    def _values(
        self, kind: Kind, library: Library, row: Row, query: Mapping[str, str], base: str
    ) -> dict[str, Any]:
        channel = query.get("channel")
        locales = [code for code in query.get("locales", "").split(",") if code]
        shown: dict[str, Any] = {}
        for code, values in row.values.items():
            if code not in library.attributes:
                continue  # what has been removed leaves its values behind
            written = [
                self._value(*(kind, library, row), code=code, value=value, query=query, base=base)
                for value in values
                if (channel is None or value["channel"] in (None, channel))
                and (not locales or value["locale"] in (None, *locales))
                and self.existing(library, code, value["data"]) is not None
            ]
            if written:
                shown[code] = written
        return shown

    def existing(self, library: Library, code: str, data: Json) -> Json:
        """Return a value without deleted options and links."""
        body = library.attributes[code].body
        kind = body["type"]
        if kind in ("single_option", "multiple_options"):
            known = {option.lower() for option in library.options.get(code, ())}
        elif kind in ("record", "reference_entity_single_link", "reference_entity_multiple_links"):
            name = body.get("reference_entity_code") or body.get("reference_entity")
            known = self._store.row_codes("akeneo_reference_entity", name)
        elif kind == "asset_collection":
            name = body["asset_family_identifier"]
            known = self._store.row_codes("pim_catalog_asset_collection", name)
        else:
            return data
        return only_known(data, known)

    def _value(  # noqa: PLR0913 - what a value depends on
        self,
        kind: Kind,
        library: Library,
        row: Row,
        *,
        code: str,
        value: dict[str, Any],
        query: Mapping[str, str],
        base: str,
    ) -> dict[str, Any]:
        attribute = library.attributes[code].body
        data = self.existing(library, code, value["data"])
        if attribute["type"] == "date":
            data = self._zone.midnight(data)
        written: dict[str, Any] = {
            "locale": value["locale"],
            "channel": value["channel"],
            "data": data,
        }
        if attribute["type"] == kind.file_type:
            href = path_link(base, f"{PREFIX}/{kind.media}/{data}")
            written["_links"] = {"download": {"href": href}}
        if not self._profile.saas or kind is not ASSET_FAMILY:
            return written
        written["attribute_type"] = attribute["type"]
        if attribute["type"] == "media_file":
            if library.body["sharing_enabled"]:
                shared = share_link(library.code, code, row, data)
                written["_links"]["share_link"] = {"href": shared}
            written["linked_data"] = _file_facts(row, data)
        elif attribute["type"] == "media_link":
            prefix, suffix = attribute["prefix"], attribute["suffix"]
            full = f"{prefix or ''}{data}{suffix or ''}"
            written["linked_data"] = {"full_url": full, "prefix": prefix, "suffix": suffix}
        elif attribute["type"] == "auto_tagging" and query.get("with_asset_auto_tags") == "true":
            written["linked_data"] = {tag: {"labels": tag_labels(tag)} for tag in data}
        return written


def _file_facts(row: Row, code: str) -> dict[str, Any]:
    extension = code.rpartition(".")[2]
    moment = datetime.fromtimestamp(row.media_updated, timezone.utc)
    return {
        "size": 1000 + sum(code.encode()),
        "mime_type": _MIME_TYPES.get(extension, "application/octet-stream"),
        "extension": extension,
        "original_filename": code.partition("_")[2],
        "updated_at": f"{moment:%Y-%m-%dT%H:%M:%S+0000}",
    }
