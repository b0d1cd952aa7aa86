"""Channels, locales, currencies, measurements, and the PIM itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from typing_extensions import override

from tap_akeneo.client.responses import objects_in, value_of
from tap_akeneo.pagination.plans import Plan, ask
from tap_akeneo.pagination.request import Pagination
from tap_akeneo.streams.base import AkeneoStream

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Mapping

    from tap_akeneo.client.responses import Item
    from tap_akeneo.pagination.request import ListRequest
    from tap_akeneo.records import Record


class Channels(AkeneoStream):
    """Channels."""

    name = "channels"
    path = "channels"
    permission = "List channels"


class Locales(AkeneoStream):
    """Locales, including disabled ones."""

    name = "locales"
    path = "locales"
    permission = "List locales"
    filterable = True


class Currencies(AkeneoStream):
    """Currencies, including disabled ones."""

    name = "currencies"
    path = "currencies"
    since = "2.0"
    permission = "List currencies"
    filterable = True

    @override
    def list_requests(self) -> Plan[list[ListRequest]]:
        is_filtered = self.name in self.settings.filters
        if is_filtered and not (yield from ask(lambda: self.pim.is_saas)):
            self.logger.warning("filters: only SaaS filters currencies, so all of them are read")
        return (yield from super().list_requests())


class MeasurementFamilies(AkeneoStream):
    """Measurement families with their units (5.0+)."""

    name = "measurement_families"
    path = "measurement-families"
    since = "5.0"
    pagination = Pagination.ARRAY


class MeasureFamilies(MeasurementFamilies):
    """Measurement families of PIMs before 5.0, in another format and without labels."""

    path = "measure-families"
    since = "2.0"
    pagination = Pagination.PAGE

    @override
    def items(self, item: Item) -> Iterable[Mapping[str, Any]]:
        units = {
            str(unit.get("code")): {
                "code": unit.get("code"),
                "convert_from_standard": _conversions(unit.get("convert")),
                "symbol": unit.get("symbol"),
            }
            for unit in objects_in(value_of(item, "units"))
        }
        names = {"code": "code", "standard": "standard_unit_code"}
        yield {names[key]: item[key] for key in names if key in item} | {"units": units}


def _conversions(operations: Any) -> list[dict[str, Any]]:  # noqa: ANN401 (JSON)
    if not isinstance(operations, dict):
        return []
    return [{"operator": operator, "value": value} for operator, value in operations.items()]


class SystemInformation(AkeneoStream):
    """Version and edition of the PIM (6.0+), as one row."""

    name = "system_information"
    path = "system-information"
    since = "6.0"
    primary_keys = ("host",)
    _information: dict[str, Any] | None = None

    @property
    @override
    def emit_activate_version_messages(self) -> bool:
        # The row is never deleted, and target-postgres fails to mark deleted rows if a table has a
        # column `version`.
        return False

    @override
    def plan_lists(self) -> Plan[None]:
        self._information = yield from ask(lambda: self.pim.system_information)

    @override
    def read(self) -> Generator[Record, None, None]:
        yield from super().read()
        if self._information is not None:
            host = urlsplit(self.pim.base_url).netloc
            yield {"host": host, **self._shape(self._information, may_hold_nul=True)}
