"""The tables of the dbt package hold what the PIM does, in DuckDB and in PostgreSQL."""

from __future__ import annotations

import json
import re
import sys
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from pim_simulator import SimulatedPim, serve
from tests.dbt.browser import opened
from tests.dbt.marts import DuckdbMarts, PostgresMarts
from tests.dbt.page import examples, questions, tables
from tests.dbt.report import Report
from tests.dbt.structure import WholeTruth
from tests.dbt.truth import identifier, key_of, label, number
from tests.targets.changes import add_spares, delete_some, write
from tests.targets.meltano import set_up

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from tests.dbt.browser import Browser
    from tests.dbt.marts import Marts
from tests.dbt.truth import Row

RUNS = ("first", "second")
TABLES = list(WholeTruth(SimulatedPim("ce-7", products=1)).tables())
EXAMPLES = examples()
NOTHING = "\N{EN DASH}"
"""What the page shows where there is no value."""
WITH_DELETIONS = {"products", "product_models", "categories", "assets", "reference_entity_records"}


def comparable(value: Any) -> Any:
    """Return a value so that it is the same from the PIM and from each database."""
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, int | float):
        return number(value)
    if isinstance(value, dict) or str(value).startswith("{"):
        # A row of a table attribute. Databases write the same JSON differently.
        return json.dumps(json.loads(value) if isinstance(value, str) else value, sort_keys=True)
    return str(value).replace("T", " ") if str(value)[:4].isdigit() else value


def counted(rows: Iterable[Row], columns: Iterable[str]) -> Counter[tuple[Any, ...]]:
    return Counter(tuple(comparable(row[name]) for name in columns) for row in rows)


@dataclass
class Story:
    """What the tables held after each of two runs, and what the PIM did.

    Attributes:
        found: Rows by run and table.
        expected: The same according to the PIM.
        deleted: The keys of the products that were deleted before the second run.
        before: The products before the changes, by key.
        after: The products after them, and before the deletions.
        last: The products after the deletions.
    """

    marts: Marts
    found: dict[str, dict[str, list[Row]]] = field(default_factory=dict)
    expected: dict[str, dict[str, list[Row]]] = field(default_factory=dict)
    deleted: set[str] = field(default_factory=set)
    before: dict[str, Row] = field(default_factory=dict)
    after: dict[str, Row] = field(default_factory=dict)
    last: dict[str, Row] = field(default_factory=dict)

    def run(self, name: str) -> None:
        self.marts.run()
        truth = WholeTruth(self.marts.pim)
        self.expected[name] = {table: list(rows()) for table, rows in truth.tables().items()}
        self.found[name] = {
            table: self.marts.table(table) for table in {*self.expected[name], *EXAMPLES}
        }


@pytest.fixture(scope="module", params=["duckdb", "postgres"])
def make_marts(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[SimulatedPim], Marts]:
    if sys.version_info >= (3, 14):
        pytest.skip("dbt 1.11 does not support Python 3.14")
    set_up("only-meltano")

    def make(pim: SimulatedPim) -> Marts:
        home = tmp_path_factory.mktemp("marts")
        if request.param == "duckdb":
            return DuckdbMarts(pim, home)
        return PostgresMarts(pim, home, request.getfixturevalue("postgres"))

    return make


@pytest.fixture(scope="module")
def story(make_marts: Callable[[SimulatedPim], Marts]) -> Iterator[Story]:
    pim = SimulatedPim("ee-7", seed=1, products=60)
    add_spares(pim)
    with serve(pim):
        story = Story(make_marts(pim))
        story.before = products(pim)
        story.run("first")
        write(pim, story.marts.home / "shop.json")
        story.after = products(pim)
        story.deleted = {uuid for (uuid,) in delete_some(pim, WITH_DELETIONS)["products"]}
        story.last = products(pim)
        story.run("second")
        yield story


@pytest.fixture(scope="module")
def old_story(make_marts: Callable[[SimulatedPim], Marts]) -> Iterator[Story]:
    """A PIM without UUIDs, completeness and assets, read without the keys."""
    pim = SimulatedPim("ce-5", seed=2, products=20)
    with serve(pim):
        story = Story(make_marts(pim))
        story.marts.project.variables["TAP_AKENEO__SELECT"] = '["*.*", "!*_keys.*"]'
        story.run("first")
        yield story


def products(pim: SimulatedPim) -> dict[str, Row]:
    return {key_of(row): row for row in pim.truth("products")}


@pytest.mark.parametrize("run", RUNS)
@pytest.mark.parametrize("table", TABLES)
def test_each_table_holds_what_the_pim_does(story: Story, table: str, run: str) -> None:
    expected, found = story.expected[run][table], story.found[run][table]
    assert expected
    # If a list names something deleted, the positions behind it are not counted again.
    columns = [name for name in expected[0] if name != "position" or run == "first"]
    missing = counted(expected, columns)
    missing.subtract(counted(found, columns))
    assert {row: count for row, count in missing.items() if count} == {}


@pytest.mark.parametrize("table", TABLES)
def test_each_table_holds_what_an_old_pim_does(old_story: Story, table: str) -> None:
    expected, found = old_story.expected["first"][table], old_story.found["first"][table]
    columns = list(expected[0]) if expected else []
    assert counted(expected, columns) == counted(found, columns)


def test_nothing_is_deleted_if_there_are_no_keys(old_story: Story) -> None:
    assert old_story.found["first"]["akeneo__deleted_products"] == []


def test_deleted_products_are_listed(story: Story) -> None:
    assert story.deleted
    assert story.found["first"]["akeneo__deleted_products"] == []
    found = story.found["second"]["akeneo__deleted_products"]
    assert {row["product_key"] for row in found} == story.deleted
    for row in found:
        assert row["identifier"] == identifier(story.before[row["product_key"]])
        assert row["missing_since"]


def test_the_history_says_what_changed(story: Story) -> None:
    assert story.found["first"]["akeneo__product_history"] == []
    found = story.found["second"]["akeneo__product_history"]
    changes = {
        kind: {row["product_key"] for row in found if row["change"] == kind}
        for kind in ("added", "changed", "deleted")
    }
    before, after = story.before, story.after
    assert changes == {
        "added": after.keys() - before.keys(),
        "deleted": story.deleted,
        "changed": {
            key
            for key, row in after.items()
            if key in before and content(row) != content(before[key])
        }
        - story.deleted,
    }
    for row in found:
        if row["attribute"]:
            key, attribute = row["product_key"], row["attribute"]
            assert before[key]["values"].get(attribute) != story.last[key]["values"].get(attribute)
    names = {row["attribute"] for row in found} | {row["property"] for row in found}
    assert {"price", "name", "brand", "enabled"} <= names


def content(row: Row) -> Row:
    return {name: value for name, value in row.items() if name != "updated"}


def test_the_page_shows_every_table_that_is_made(story: Story) -> None:
    made = {file.stem for file in (story.marts.home / "dbt" / "models" / "marts").glob("*.sql")}
    assert tables() == made


@pytest.mark.parametrize("table", EXAMPLES)
def test_the_page_shows_rows_of_each_table(story: Story, table: str) -> None:
    shown = EXAMPLES[table]
    assert shown
    found = counted_as_shown(story.found["second"][table], shown[0])
    assert counted_as_shown(shown, shown[0]) <= found


def counted_as_shown(rows: Iterable[Row], columns: Iterable[str]) -> Counter[tuple[str, ...]]:
    def shown(value: Any) -> str:
        if value is None:
            return ""
        if isinstance(value, bool):
            return str(value).lower()
        return f"{value:.6f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)

    return Counter(tuple(shown(row[name]) for name in columns) for row in rows)


def answer(story: Story, number: int) -> list[Row]:
    return story.marts.rows(questions()[number])


def test_the_documented_query_finds_names_prices_images_and_colours(story: Story) -> None:
    wide = {row["product_key"]: row for row in story.found["second"]["akeneo__products_wide"]}
    truth = WholeTruth(story.marts.pim)
    expected = []
    for row in truth.all_products():
        singles = list(truth.singles(truth.products[row["product_key"]]))
        prices = [
            one["content"]
            for one in singles
            if one["attribute"] == "price" and one["currency"] == "EUR"
        ]
        colors = [
            label(truth.options["color", one["content"].lower()], one["content"])
            for one in singles
            if one["attribute"] == "color"
        ]
        expected.append(
            {
                "identifier": row["identifier"],
                "label": row["label"],
                "image": row["image"],
                "price": number(next(iter(prices), None)),
                "color": next(iter(colors), None),
            }
        )
    assert wide.keys() == truth.products.keys()
    assert counted(answer(story, 0), expected[0]) == counted(expected, expected[0])


def test_the_documented_query_finds_products_without_a_description(story: Story) -> None:
    expected = [
        {"identifier": identifier(row)}
        for row in story.last.values()
        if row["family"] == "clothing"
        and not any(
            value["scope"] == "ecommerce" and value["locale"] == "fr_FR"
            for value in row["values"].get("description", ())
        )
    ]
    assert expected
    assert counted(answer(story, 1), ["identifier"]) == counted(expected, ["identifier"])


def test_the_documented_query_computes_the_completeness_of_families(story: Story) -> None:
    percents = defaultdict(list)
    for row in story.expected["second"]["akeneo__completeness"]:
        percents[row["family"], row["channel"], row["locale"]].append(row["completeness"])
    found = {
        (row["family"], row["channel"], row["locale"]): (
            number(row["average"]),
            row["complete"],
            row["products"],
        )
        for row in answer(story, 2)
    }
    assert found == {
        place: (number(sum(each) / len(each)), each.count(100), len(each))
        for place, each in percents.items()
    }


def test_the_documented_query_builds_category_paths(story: Story) -> None:
    identifiers = {key: identifier(row) for key, row in story.last.items()}
    expected = [
        {"identifier": identifiers[row["product_key"]], "path": row["path"]}
        for row in story.expected["second"]["akeneo__product_categories"]
    ]
    assert counted(answer(story, 3), expected[0]) == counted(expected, expected[0])


def test_the_documented_query_finds_variants(story: Story) -> None:
    truth = WholeTruth(story.marts.pim)
    variants = defaultdict(list)
    for row in truth.product_variants():
        variants[row["product_key"]].append(row)
    expected = [
        {
            "identifier": truth.identifiers[key],
            "root_model": rows[0]["root_model"],
            "model_name": truth.text(truth.models[rows[0]["root_model"]], "name"),
            "axes": ", ".join(
                f"{row['axis']} = {row['axis_label']}"
                for row in sorted(rows, key=lambda row: (row["level"], row["axis_position"]))
            ),
        }
        for key, rows in variants.items()
    ]
    assert counted(answer(story, 4), expected[0]) == counted(expected, expected[0])


def test_the_documented_query_finds_changes(story: Story) -> None:
    found = {(row["identifier"], row["attribute"]) for row in answer(story, 5) if row["attribute"]}
    before, last = story.before, story.last
    assert found == {
        (identifier(last[key]), attribute)
        for key in before.keys() & last.keys()
        # A product that was not read again does not lose what it named and was deleted.
        if before[key] != story.after[key]
        for attribute in before[key]["values"].keys() | last[key]["values"].keys()
        if before[key]["values"].get(attribute) != last[key]["values"].get(attribute)
    }


def test_the_documented_query_finds_deleted_products(story: Story) -> None:
    expected = [{"identifier": identifier(story.before[key])} for key in story.deleted]
    assert counted(answer(story, 6), ["identifier"]) == counted(expected, ["identifier"])


def test_the_documented_query_computes_fill_rates(story: Story) -> None:
    columns = ["family", "attribute", "filled_anywhere", "products", "fill_rate_anywhere"]
    expected = story.expected["second"]["akeneo__attribute_fill_rate"]
    assert set(counted(answer(story, 7), columns).items()) == {
        (row, 1) for row in counted(expected, columns)
    }


def test_the_completeness_of_each_day_is_kept(story: Story) -> None:
    percents = defaultdict(list)
    for row in story.expected["second"]["akeneo__completeness"]:
        percents[row["family"], row["channel"], row["locale"]].append(row["completeness"])
    days = story.found["second"]["akeneo__daily_completeness"]
    today = max(row["day"] for row in days)
    found = {
        (row["family"], row["channel"], row["locale"]): (row["products"], row["complete_products"])
        for row in days
        if row["day"] == today
    }
    assert found == {place: (len(each), each.count(100)) for place, each in percents.items()}


def test_changes_of_prices_are_numbers(story: Story) -> None:
    truth = WholeTruth(story.marts.pim)
    currencies = {each for row in truth.channels.values() for each in row["currencies"]}

    def prices(row: Row) -> dict[tuple[str, str], float | None]:
        return {
            (attribute, each["currency"]): number(each["amount"])
            for attribute, values in row["values"].items()
            if truth.attributes[attribute]["type"] == "pim_catalog_price_collection"
            for each in values[0]["data"]
            if each["currency"] in currencies and each["amount"] is not None
        }

    expected = set()
    for key in story.before.keys() & story.last.keys():
        before, after = prices(story.before[key]), prices(story.last[key])
        expected |= {
            (identifier(story.last[key]), *place, before.get(place), after.get(place))
            for place in before.keys() | after.keys()
            if before.get(place) != after.get(place)
        }
    found = {
        (
            *(row["identifier"], row["attribute"], row["currency"]),
            *(number(row["price_before"]), number(row["price_after"])),
        )
        for row in story.marts.table("akeneo__price_changes")
    }
    assert found
    assert found == expected


@pytest.fixture(scope="module")
def page(story: Story) -> Path:
    """The page about the catalogue, made by the documented command."""
    return story.marts.report()


@pytest.fixture(scope="module")
def report(page: Path) -> Report:
    return Report(page.read_text(encoding="utf-8"))


def test_the_page_says_of_which_pim_and_when(story: Story, report: Report) -> None:
    host = str(story.marts.pim.url).removeprefix("http://")
    assert report.words("h1") == f"Catalogue of {host}"
    note = report.words("p")
    assert f"Akeneo PIM {story.marts.pim.profile.version} EE" in note
    assert re.search(r"read on \d{4}-\d\d-\d\d \d\d:\d\d · page made on \d{4}-", note)


def test_the_page_counts_products_and_changes(story: Story, report: Report) -> None:
    percents = [row["completeness"] for row in story.expected["second"]["akeneo__completeness"]]
    history = story.found["second"]["akeneo__product_history"]
    changes = {
        kind: len({row["product_key"] for row in history if row["change"] == kind})
        for kind in ("added", "changed", "deleted")
    }
    products = story.expected["second"]["akeneo__products"]
    assert report.tiles() == {
        "products": str(len(products)),
        "families": str(len({row["family"] for row in products} - {None})),
        "complete, over channels and locales": f"{100 * percents.count(100) // len(percents)} %",
        "without a main picture": str(sum(row["image"] is None for row in products)),
        **{f"{kind} in 7 days": str(count) for kind, count in changes.items()},
    }


def test_the_page_shows_the_gaps_that_keep_most_products_incomplete(
    story: Story, report: Report
) -> None:
    truth = WholeTruth(story.marts.pim)
    lacking = defaultdict(set)
    for row in truth.missing_values():
        attribute = truth.attributes[row["attribute"]]
        channel = row["channel"] if attribute["scopable"] else None
        locale = row["locale"] if attribute["localizable"] else None
        gap = (row["family"], row["attribute"], channel, locale)
        lacking[row["product_key"], row["channel"], row["locale"]].add(gap)
    unblocked, products = defaultdict(set), defaultdict(set)
    for (key, _, _), gaps in lacking.items():
        for gap in gaps:
            products[gap].add(key)
            if len(gaps) == 1:
                unblocked[gap].add(key)
    first = sorted(
        products,
        key=lambda gap: (-len(unblocked[gap]), -len(products[gap]), *(name or "" for name in gap)),
    )[:10]
    assert len(first) == 10
    found = report.table("gaps")
    assert [{name: row[name] for name in row if name != "Such as"} for row in found] == [
        {
            "Attribute": label(truth.attributes[attribute], attribute),
            "Family": label(truth.families[family], family),
            "Channel": label(truth.channels[channel], channel) if channel else NOTHING,
            "Locale": locale or NOTHING,
            "Products that it completes": str(len(unblocked[family, attribute, channel, locale])),
            "Products without it": str(len(products[family, attribute, channel, locale])),
        }
        for family, attribute, channel, locale in first
    ]
    names = {row["product_key"]: row["label"] for row in truth.all_products()}
    for row, gap in zip(found, first, strict=True):
        assert set(row["Such as"].split(", ")) <= {names[key] for key in products[gap]}


def test_the_page_links_to_the_pim(story: Story, report: Report) -> None:
    pim = f"https://{str(story.marts.pim.url).removeprefix('http://')}/#"
    addresses = {each for each in report.addresses() if each.startswith("http")}
    products = {f"{pim}/enrich/product/{key}" for key in story.last}
    families = {
        f"{pim}/configuration/family/{row['code']}/edit"
        for row in story.marts.pim.truth("families")
    }
    attributes = {
        f"{pim}/configuration/attribute/{row['code']}/edit"
        for row in story.marts.pim.truth("attributes")
    }
    assert addresses & products
    assert addresses & families
    assert addresses & attributes
    assert addresses <= products | families | attributes


def test_the_page_shows_the_completeness_of_families(story: Story, report: Report) -> None:
    truth = WholeTruth(story.marts.pim)
    percents, families = defaultdict(list), defaultdict(list)
    for row in truth.completeness():
        percents[row["family"], row["channel"], row["locale"]].append(row["completeness"])
    expected: dict[str, dict[str, str]] = defaultdict(dict)
    for (family, channel, locale), each in percents.items():
        average = sum(each) / len(each)
        families[family].append(average)
        title = f"{label(truth.channels[channel], channel)} {locale}"
        expected[label(truth.families[family], family)][title] = f"{int(average)} %"
    found = report.table("completeness")
    assert {row.pop("Family"): row for row in found} == expected
    averages = {family: sum(each) / len(each) for family, each in families.items()}
    least = min(averages, key=averages.__getitem__)
    assert report.words("section[@id='completeness']/table/tbody/tr/th") == label(
        truth.families[least], least
    )


def test_the_page_counts_products_over_time_without_the_deleted(
    story: Story, report: Report
) -> None:
    charts = report.charts()
    assert len(charts) == 2
    assert re.search(rf", {len(story.last)} on ", charts["Products, and deletions in red"])
    assert f"{len(story.deleted)} deleted on " in report.words("section[@id='over-time']")


def test_the_page_shows_missing_translations_and_pictures(story: Story, report: Report) -> None:
    truth = WholeTruth(story.marts.pim)
    pictures = ("pim_catalog_image", "pim_catalog_asset_collection")
    locales = {each for row in truth.channels.values() for each in row["locales"]}
    missing = {locale: {"texts": 0, "pictures": 0} for locale in locales}
    for row in truth.fill_rates():
        is_picture = truth.attributes[row["attribute"]]["type"] in pictures
        for locale in locales:
            if row["locale"] == locale or (is_picture and row["locale"] is None):
                kind = "pictures" if is_picture else "texts"
                missing[locale][kind] += row["products"] - row["filled"]
    found = report.table("locales")
    assert {
        row["Locale"]: {
            "texts": int(row["Missing translations"]),
            "pictures": int(row["Missing pictures"]),
        }
        for row in found
    } == missing
    assert report.table("locales", 1)
    assert report.table("locales", 2)


def test_the_page_shows_changes_prices_and_deletions(story: Story, report: Report) -> None:
    deleted = {identifier(story.before[key]) or key for key in story.deleted}
    assert {row["Product"] for row in report.table("deleted")} == deleted
    changes = report.table("changes")
    assert {"added", "deleted", "changed"} <= {row["Change"] for row in changes}
    moves = [
        row
        for row in story.marts.table("akeneo__price_changes")
        if row["price_before"] and row["price_after"] is not None
    ]
    prices = report.table("prices")
    assert prices
    assert Counter((row["Before"], row["After"]) for row in prices) == Counter(
        (f"{row['price_before']:,.2f}", f"{row['price_after']:,.2f}") for row in moves
    )
    sizes = [abs(int(row["Change in %"])) for row in prices]
    assert sizes == sorted(sizes, reverse=True)
    names = {row["label"] for row in story.found["second"]["akeneo__products"]}
    for row in report.table("products"):
        assert any(row["Product"].startswith(name) for name in names)


@pytest.fixture(scope="module")
def browser(page: Path) -> Iterator[Browser]:
    with opened(page) as browser:
        yield browser


in_duckdb = pytest.mark.parametrize("make_marts", ["duckdb"], indirect=True, scope="module")


@in_duckdb
@pytest.mark.parametrize("width", [1400, 700, 400])
def test_the_page_does_not_scroll_sideways(browser: Browser, width: int) -> None:
    browser.resize(width)
    assert browser.value("document.documentElement.scrollWidth <= innerWidth")
    assert browser.value("innerWidth") == width
    assert browser.is_visible("#gaps tbody td")


@in_duckdb
def test_the_page_is_dark_where_pages_are(browser: Browser) -> None:
    background = "getComputedStyle(document.body).backgroundColor"
    browser.prefer("light")
    light = browser.value(background)
    browser.prefer("dark")
    assert browser.value(background) != light
    browser.prefer("dark", media="print")
    assert browser.value(background) == light
    assert not browser.is_visible("nav")


@in_duckdb
def test_the_page_has_no_errors_and_uses_no_network(browser: Browser) -> None:
    assert browser.console() == []
    schemes = {address.partition(":")[0] for address in browser.requested()}
    assert "file" in schemes
    assert schemes <= {"file", "data"}
