"""Changes that move no date, as docs/freshness.md lists them, are in rows that are read again."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from demo.database import compare_rows
from tests.docs.tables import FRESHNESS
from tests.support import as_sent, sync
from tests.targets.changes import held

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from pim_simulator import SimulatedPim
    from tests.conftest import StartPim
    from tests.support import Message

DAYS = 3
ITEMS = ("products", "product_models")


@dataclass(frozen=True)
class Silent:
    """A change of a PIM that moves no date.

    Attributes:
        play: Prepares the PIM, yields, and then changes it.
        profile: The version of the PIM.
        streams: The streams whose rows it changes.
        settings: Settings of the tap.
    """

    play: Callable[[SimulatedPim], Iterator[None]]
    profile: str = "ce-7"
    streams: tuple[str, ...] = ITEMS
    settings: Mapping[str, Any] = field(default_factory=dict)


def requirements(pim: SimulatedPim) -> Iterator[None]:
    yield
    for row in pim.truth("families"):
        wanted: dict[str, Any] = {channel: [] for channel in row["attribute_requirements"]}
        pim.write.change("families", row["code"], attribute_requirements=wanted)


def workflow_task(pim: SimulatedPim) -> Iterator[None]:
    yield
    for task in pim.truth("workflow_tasks"):
        if task["status"] != "completed":
            pim.write.change("workflow_tasks", task["uuid"], status="completed")


def locale_of_channel(pim: SimulatedPim) -> Iterator[None]:
    yield
    for row in pim.truth("channels"):
        pim.write.change("channels", row["code"], locales=row["locales"][:1])


def channel(pim: SimulatedPim) -> Iterator[None]:
    yield
    pim.write.delete("channels", "mobile")


def currency_of_channel(pim: SimulatedPim) -> Iterator[None]:
    yield
    for row in pim.truth("channels"):
        pim.write.change("channels", row["code"], currencies=["USD"])


def attribute(pim: SimulatedPim) -> Iterator[None]:
    yield
    pim.write.delete("attributes", "color")


def options(pim: SimulatedPim) -> Iterator[None]:
    yield
    for row in pim.truth("attribute_options"):
        if row["attribute"] in {"brand", "tags"}:
            pim.write.delete("attribute_options", (row["attribute"], row["code"]))


def labels_of_options(pim: SimulatedPim) -> Iterator[None]:
    yield
    for row in pim.truth("attribute_options")[:40]:
        key = (row["attribute"], row["code"])
        pim.write.change("attribute_options", key, labels={"en_US": "renamed"})


def linked_items(pim: SimulatedPim) -> Iterator[None]:
    yield
    for resource, owner in (
        ("assets", "asset_family"),
        ("reference_entity_records", "reference_entity"),
    ):
        for row in pim.truth(resource)[::2]:
            pim.write.delete(resource, (row[owner], row["code"]))


def disabled_assets(pim: SimulatedPim) -> Iterator[None]:
    yield
    for row in pim.truth("assets")[::2]:
        pim.write.change("assets", (row["asset_family"], row["code"]), enabled=False)


def options_of_items(pim: SimulatedPim) -> Iterator[None]:
    yield
    for resource, owner in (
        ("asset_attribute_options", "asset_family"),
        ("reference_entity_attribute_options", "reference_entity"),
    ):
        for row in pim.truth(resource)[::2]:
            pim.write.delete(resource, (row[owner], row["attribute"], row["code"]))


def associated_items(pim: SimulatedPim) -> Iterator[None]:
    models = [row["code"] for row in pim.truth("product_models") if not row["parent"]][-2:]
    products = [row["uuid"] for row in pim.truth("products") if not row["parent"]]
    quantities = {"products": [{"uuid": products[0], "quantity": 2}]}
    for key in products[3:9]:
        linked = {"UPSELL": {"product_models": models}}
        pim.write.change("products", key, associations=linked)
    for row in pim.truth("product_models"):
        if not row["parent"] and row["code"] not in models:
            pim.write.change(
                "product_models",
                row["code"],
                associations={"PACK": {"products": products[:2]}},
                quantified_associations={"PRODUCTSET": quantities},
            )
    yield
    for key in products[:2]:
        pim.write.delete("products", key)
    for code in models:
        pim.write.delete("product_models", code)


def key_of(pim: SimulatedPim) -> str:
    return "uuid" if pim.profile.by_uuid else "identifier"


def two_way_ends(pim: SimulatedPim) -> Iterator[None]:
    ends = {
        "products": [row[key_of(pim)] for row in pim.truth("products")][-4:],
        "product_models": [row["code"] for row in pim.truth("product_models")][-4:],
    }
    pim.write.product("source", associations={"X_SELL": ends})
    yield
    nothing: dict[str, list[str]] = {kind: [] for kind in ends}
    pim.write.product("source", associations={"X_SELL": nothing})


def two_way_above(pim: SimulatedPim) -> Iterator[None]:
    yield
    codes = [row["code"] for row in pim.truth("product_models") if not row["parent"]]
    pim.write.product("source", associations={"X_SELL": {"product_models": codes}})


def identifiers(pim: SimulatedPim) -> Iterator[None]:
    named = ["first", "second"]
    uuids = [pim.write.product(name, family="shoes") for name in named]
    quantities = {"products": [{"identifier": name, "quantity": 2} for name in named]}
    for row in pim.truth("product_models"):
        if not row["parent"]:
            pim.write.change(
                "product_models",
                row["code"],
                associations={"PACK": {"products": uuids}},
                quantified_associations={"PRODUCTSET": quantities},
            )
    yield
    for uuid in uuids:
        pim.write.change("products", uuid, identifier=f"renamed-{uuid[:8]}")


def association_types(pim: SimulatedPim) -> Iterator[None]:
    yield
    pim.write.delete("association_types", "X_SELL")
    pim.write.save("association_types", "NEW", {})


def category(pim: SimulatedPim) -> Iterator[None]:
    yield
    used = Counter(code for row in pim.truth("products") for code in row["categories"])
    pim.write.delete("categories", used.most_common(1)[0][0])


def drafts(pim: SimulatedPim) -> Iterator[None]:
    yield
    for row in pim.truth("products")[::4]:
        pim.write.save("product_drafts", row["uuid"], {"ready": True})
    for row in pim.truth("product_models")[::4]:
        pim.write.save("product_model_drafts", row["code"], {"ready": True})


def unit(pim: SimulatedPim) -> Iterator[None]:
    yield
    for row in pim.truth("measurement_families"):
        units = {code: {**one, "symbol": f"{one['symbol']}!"} for code, one in row["units"].items()}
        pim.write.change("measurement_families", row["code"], units=units)


OPTIONS = {"with_attribute_options": True}
SCORES = {"with_readiness": "detailed", "with_workflow_execution_statuses": True}
LIBRARIES = ("assets", "reference_entity_records")
IN_CATALOGS = ("catalog_products",)
SILENT: dict[str, list[Silent]] = {
    "Completeness or quality scores": [
        Silent(requirements),
        Silent(requirements, "saas", settings=SCORES),
        Silent(workflow_task, "saas", settings=SCORES),
    ],
    "A locale is deactivated": [
        Silent(locale_of_channel),
        Silent(channel),
        Silent(currency_of_channel),
        Silent(locale_of_channel, "saas", IN_CATALOGS),
    ],
    "An attribute or an option is deleted": [
        Silent(attribute),
        Silent(options),
        Silent(options_of_items, "ee-7", LIBRARIES),
    ],
    "The label of an option changes": [Silent(labels_of_options, settings=OPTIONS)],
    "A linked asset or record": [
        Silent(linked_items, "ee-7", (*ITEMS, *LIBRARIES)),
        Silent(disabled_assets, "saas", settings={"with_enabled_assets_only": True}),
    ],
    "The symbol of a unit": [Silent(unit, "saas")],
    "An associated product or product model is deleted": [
        Silent(associated_items),
        Silent(associated_items, "saas", IN_CATALOGS),
    ],
    "One end removes": [Silent(two_way_ends), Silent(two_way_ends, "ce-6")],
    "One end adds": [Silent(two_way_above)],
    "An association type": [Silent(association_types)],
    "An associated product gets another identifier": [
        Silent(identifiers, streams=("product_models",)),
        Silent(identifiers, "ce-6"),
    ],
    "A category is deleted": [Silent(category), Silent(category, "saas", IN_CATALOGS)],
    "Permissions of the connection": [Silent(drafts, "ee-7")],
}
"""Changes by the beginning of their row on the page."""

ALL = [
    pytest.param(one, id=f"{one.play.__name__}-{one.profile}-{one.streams[0]}")
    for of_row in SILENT.values()
    for one in of_row
]


def rows_of_the_page() -> list[str]:
    """Return the first cells of the table of changes."""
    lines = FRESHNESS.read_text(encoding="utf-8").partition("| Change in the PIM |")[2].splitlines()
    table = lines[2 : lines.index("")]
    return [line.removeprefix("| ").partition(" | ")[0] for line in table]


def rows_of(pim: SimulatedPim, silent: Silent, **more: Any) -> Iterator[dict[Any, Message]]:
    settings = {"pim_timezone": "UTC", "page_size": 10, **silent.settings, **more}
    if silent.streams == IN_CATALOGS:
        settings |= {"access_token": pim.app_token, **dict.fromkeys(pim.credentials)}
    state: Mapping[str, Any] | None = None
    while True:
        run = sync(pim, *silent.streams, state=state, **settings)
        state = run.state
        yield {(name, *key): row for name in silent.streams for key, row in run.rows(name).items()}


def test_each_change_on_the_page_is_tested() -> None:
    rows = rows_of_the_page()
    assert len(rows) == len(SILENT)
    for row, beginning in zip(rows, SILENT, strict=True):
        assert row.startswith(beginning)


@pytest.mark.parametrize("silent", ALL)
def test_all_rows_are_right_within_the_days(start_pim: StartPim, silent: Silent) -> None:
    pim = start_pim(silent.profile, products=120)
    change = silent.play(pim)
    next(change)
    pim.clock.advance(hours=1)
    runs = rows_of(pim, silent, refresh_within_days=DAYS)
    before = next(runs)
    pim.clock.advance(hours=1)
    assert not next(change, None)
    pim.clock.advance(hours=1)
    table = {**before, **next(runs)}
    truth = next(rows_of(pim, silent))
    old = [key for key, row in truth.items() if table[key] != row]
    assert len(old) > 2, "rows that the PIM does not report"
    for _ in range(DAYS):
        pim.clock.advance(days=1)
        table |= next(runs)
    assert {key: row for key, row in table.items() if key in truth} == truth
    # The PIM itself also has what a setting leaves out. Before 7.0 products have another key.
    for name in silent.streams if pim.profile.by_uuid and not silent.settings else ():
        sent = [as_sent(row) for key, row in truth.items() if key[0] == name]
        assert compare_rows(name, sent, held(pim, name)).is_right
