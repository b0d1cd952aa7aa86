"""No value, double entry or odd date stops a build, and each row is right, in both databases.

The rows are loaded as the tap would write them. Reports of such data:

- https://github.com/akeneo/pim-community-dev/pull/11977: a category of the model and the variant
- https://github.com/akeneo/pim-community-dev/pull/13881: years with two digits
"""

from __future__ import annotations

import json
import sys
from collections import defaultdict
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest

from tests.dbt.loaded import LoadedDuckdb, LoadedPostgres
from tests.dbt.page import questions
from tests.dbt.report import COMMAND, Report

if TYPE_CHECKING:
    from tests.dbt.loaded import Loaded
    from tests.dbt.truth import Row

Tables = dict[str, list["Row"]]
MONDAY, TUESDAY = "2026-05-04T08:00:00Z", "2026-05-05T08:00:00Z"
LONG_AGO = "2024-01-01T00:00:00+00:00"

DAYS = {
    "2019-05-01T00:00:00+00:00": "2019-05-01",
    "2024-02-29T00:00:00+01:00": "2024-02-29",
    "2023-02-29T00:00:00+00:00": None,
    "2019-04-31T00:00:00+00:00": None,
    "2019-13-01T00:00:00+00:00": None,
    "0000-05-01T00:00:00+00:00": None,
    "0000-00-00T00:00:00+00:00": None,
    "-0001-11-30T00:00:00+00:00": None,
    "20190-12-31T00:00:00+00:00": None,
    "19-12-31T00:00:00+00:00": None,
    "yesterday": None,
}
HOSTILE = '<b>"><script>alert(1)</script>&amp;'
NUMBERS = {
    "12.5000": 12.5,
    "0.123456789012345": 0.123456789012345,
    "1234567890123.25": 1234567890123.25,
    "1e30": 1e30,
    "-7": -7,
    "123456789012345678901234567890": 123456789012345678901234567890,
    "NaN": None,
    "1_000": None,
    " 1": None,
    "1,5": None,
    "a lot": None,
}


def uuid(number: int) -> str:
    return f"00000000-0000-4000-8000-{number:012}"


def value(data: Any, scope: str | None = None, locale: str | None = None) -> list[Row]:
    return [{"scope": scope, "locale": locale, "data": data}]


def attribute(code: str, kind: str, **more: Any) -> Row:
    of_kind = {"code": code, "type": f"pim_catalog_{kind}", "labels": {}, "available_locales": []}
    return {**of_kind, "scopable": False, "localizable": False, **more}


def product(number: int, **more: Any) -> Row:
    values = {"sku": value(f"sku-{number}"), **more.pop("values", {})}
    return {
        "uuid": uuid(number),
        "enabled": True,
        "family": "shirts",
        "parent": None,
        "categories": [],
        "groups": [],
        "associations": {},
        "quantified_associations": {},
        "completenesses": [],
        "created": LONG_AGO,
        "updated": LONG_AGO,
        "values": values,
        **more,
    }


def complete(channel: str, locale: str, percent: float = 100) -> Row:
    return {"scope": channel, "locale": locale, "data": percent}


ATTRIBUTES = [
    attribute("sku", "identifier", is_main_identifier=True),
    attribute("name", "text", scopable=True, localizable=True),
    attribute("day", "date"),
    attribute("number", "number"),
    attribute("color", "simpleselect"),
    attribute("Size", "simpleselect"),
    attribute("price", "price_collection"),
    attribute("old", "text"),
    attribute("measures", "table"),
]
CHANNELS = [
    {"code": "ecommerce", "locales": ["en_US", "fr_FR"], "currencies": ["EUR"], "labels": {}},
    {"code": "print", "locales": ["en_US", "de_DE"], "currencies": ["EUR"], "labels": {}},
]
FAMILY: Row = {
    "code": "shirts",
    "attributes": ["sku", "NAME", "day", "color", "Size", "price"],
    "labels": {},
    "attribute_as_label": "Name",
    "attribute_as_image": None,
    "attribute_requirements": {"ECOMMERCE": ["sku", "Name", "price"]},
}
FAMILY_VARIANT = {
    "family": "shirts",
    "code": "by_size",
    "labels": {},
    "common_attributes": [],
    "variant_attribute_sets": [{"level": 1, "axes": ["SIZE"], "attributes": ["sku", "Size"]}],
}
MODEL: Row = {
    "code": "M1",
    "family": "Shirts",
    "family_variant": "BY_SIZE",
    "parent": None,
    "categories": [],
    "values": {},
    "associations": {},
    "quantified_associations": {},
    "created": LONG_AGO,
    "updated": LONG_AGO,
}
OPTIONS = [
    {"attribute": "color", "code": "red", "labels": {"en_US": "Red"}, "sort_order": 1},
    {"attribute": "color", "code": "blue", "labels": {"en_US": "Blue"}, "sort_order": 2},
    {"attribute": "size", "code": "L", "labels": {"en_US": "Large"}, "sort_order": 1},
]
CATEGORIES = [
    # `master` was left out by a filter.
    {"code": "shirts", "parent": "master", "labels": {"en_US": "Shirts"}, "updated": LONG_AGO},
    {"code": "sale", "parent": "SHIRTS", "labels": {"en_US": "Sale"}, "updated": LONG_AGO},
]
ASSOCIATED = {
    "X_SELL": {"products": [uuid(2), uuid(3), uuid(2).upper()], "product_models": ["m1"]},
}
QUANTIFIED = {
    "set": {"products": [{"uuid": uuid(2), "quantity": 2}, {"uuid": uuid(2), "quantity": 3}]},
}
VARIANT = product(
    1,
    family="SHIRTS",
    parent="m1",
    categories=["shirts", "Sale", "shirts", "SALE"],
    associations=ASSOCIATED,
    quantified_associations=QUANTIFIED,
    completenesses=[
        complete("ecommerce", "en_US"),
        complete("ecommerce", "en_US", 50),
        complete("Ecommerce", "FR_fr", 1e300),
        complete("print", "en_US", 80),
        complete("print", "de_DE", 70),
    ],
    values={
        "name": [
            *value("Hemd", "print", "de_DE"),
            *value("Shirt", "ecommerce", "en_US"),
            *value("A shirt on paper", "print", "en_US"),
        ],
        "size": value("l"),
        "color": value("red"),
        "old": value("still here"),
        "price": value(
            [{"amount": "9.99", "currency": "EUR"}, {"amount": None, "currency": "USD"}]
        ),
        # Only the second run has the attributes of these.
        "later": value({"amount": "3.5000", "unit": "GRAM"}),
        # A table may have columns of these names.
        "measures": value([{"amount": "1", "unit": "GRAM"}]),
    },
)
ALMOST = [complete("ecommerce", "en_US", 90)]
READINESS: Row = {
    "aggregated_scores_by_scope": [{"scope": "ecommerce", "score": 75}],
    "scores_by_scope_and_locale": {
        "shop": [
            {"scope": "ecommerce", "locale": "en_US", "score": 50.5, "unmet_requirements": []},
            {"scope": "ecommerce", "locale": "fr_FR", "score": 100, "unmet_requirements": []},
        ]
    },
}
PLAIN = product(
    2,
    family=None,
    readiness=READINESS,
    completenesses=ALMOST,
    values={"color": value("blue")},
)
TASK: Row = {
    "step_uuid": uuid(21),
    "status": "in_progress",
    "created_at": LONG_AGO,
    "due_date": None,
}
ODD = [
    product(100 + number, values={name: value(text)})
    for number, (name, text) in enumerate(
        [("day", day) for day in DAYS] + [("number", number) for number in NUMBERS]
    )
]
FIRST: Tables = {
    "system_information": [{"host": HOSTILE, "version": "7.0.1", "edition": "CE"}],
    "attributes": ATTRIBUTES,
    "attribute_options": OPTIONS,
    "channels": CHANNELS,
    "families": [FAMILY],
    "family_variants": [FAMILY_VARIANT],
    "association_types": [{"code": "x_sell", "labels": {"en_US": "Cross sell"}}],
    "categories": CATEGORIES,
    "product_models": [MODEL],
    "products": [VARIANT, PLAIN, product(3, family=None, values={"color": value("green")}), *ODD],
}
CLOUD: Tables = {
    "workflows": [{"uuid": uuid(20), "code": "launch", "labels": {"en_US": "Launch"}}],
    "workflow_steps": [
        {"uuid": uuid(21), "workflow_uuid": uuid(20), "code": "write", "type": "enrichment"}
        | {"labels": {}, "position": 0}
    ],
    "workflow_tasks": [
        {"uuid": uuid(22), "product": {"uuid": uuid(2)}, "rejected": True, **TASK},
        {"uuid": uuid(23), "product_model": {"code": "m1"}, "rejected": None, **TASK},
    ],
}
"""What only the hosted edition has."""
NEW = [attribute("later", "metric")]
"""Created after the first run."""
REMOVED = (
    "delete from attributes where code = 'old'",
    "delete from channels where code = 'print'",
    "delete from attribute_options where code = 'red'",
)
SECOND: Tables = {
    "attributes": [*ATTRIBUTES[:7], ATTRIBUTES[8], *NEW],
    "attribute_options": OPTIONS[1:],
    "channels": CHANNELS[:1],
    # Created anew with its code in another letter case, by a loader that keeps the old one.
    "families": [
        {
            **FAMILY,
            "code": "SHIRTS",
            "labels": {"en_US": "Shirts"},
            "attribute_requirements": {"ecommerce": ["sku", "name", "price", "color"]},
        }
    ],
    # One attribute and one option that are not in the lists, which were read before.
    "products": [
        product(4, family=None, values={"newest": value("new"), "color": value("pink")}),
        {**PLAIN, "completenesses": [complete("ecommerce", "en_US")]},
    ],
}
MARTS = (
    "products",
    "product_values",
    "completeness",
    "product_categories",
    "category_paths",
    "product_associations",
    "product_variants",
    "missing_required_values",
    "attribute_fill_rate",
    "completeness_changes",
    "daily_completeness",
    "readiness",
    "workflow_tasks",
    "table_values",
)


@pytest.fixture(scope="module", params=["duckdb", "postgres"])
def loaded(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Loaded:
    if sys.version_info >= (3, 14):
        pytest.skip("dbt 1.11 does not support Python 3.14")
    home = tmp_path_factory.mktemp("odd")
    if request.param == "duckdb":
        return LoadedDuckdb(home)
    return LoadedPostgres(home, request.getfixturevalue("postgres"))


@pytest.fixture(scope="module")
def story(loaded: Loaded) -> dict[str, Tables]:
    """The tables after each of two runs, and what they are if removed things are included."""

    def tables() -> Tables:
        return {
            name: loaded.rows(f"select * from akeneo__{name}")  # noqa: S608
            for name in MARTS
        }

    loaded.load(FIRST | CLOUD, MONDAY)
    loaded.build()
    found = {"first": tables()}
    for statement in REMOVED:
        loaded.execute(statement)
    loaded.load(SECOND, TUESDAY)
    loaded.build("--warn-error")
    found["second"] = tables()
    switches = {
        "akeneo_include_removed": True,
        "akeneo_disabled_sources": ["association_types"],
        "akeneo_pass_through_columns": {"products": ["erp_number", "absent"]},
    }
    loaded.execute("alter table products add column erp_number integer")
    loaded.execute("update products set erp_number = 7")
    loaded.build("--vars", json.dumps(switches))
    found["with removed"] = tables()
    return found


def values(tables: Tables, code: str, number: int = 1) -> list[Row]:
    rows = tables["product_values"]
    return [row for row in rows if row["attribute"] == code and row["product_key"] == uuid(number)]


@pytest.mark.parametrize("run", ["first", "second"])
def test_a_date_is_the_day_that_was_typed_or_null(story: dict[str, Tables], run: str) -> None:
    found = {
        row["text_value"]: row["date_value"]
        for row in story[run]["product_values"]
        if row["attribute"] == "day"
    }
    assert found == DAYS


@pytest.mark.parametrize("run", ["first", "second"])
def test_a_number_keeps_its_digits(story: dict[str, Tables], run: str) -> None:
    found = {
        row["text_value"]: row["number_value"]
        for row in story[run]["product_values"]
        if row["attribute"] == "number"
    }
    # DuckDB has no numbers of any length. `text_value` has all digits.
    assert found.keys() == NUMBERS.keys()
    for text, number in NUMBERS.items():
        assert found[text] == (number and pytest.approx(number, rel=1e-15)), text


def test_what_a_list_names_twice_is_one_row(story: dict[str, Tables]) -> None:
    tables = story["first"]
    assert sorted((row["category"], row["path"]) for row in tables["product_categories"]) == [
        ("sale", "Shirts > Sale"),
        ("shirts", "Shirts"),
    ]
    associations = [
        (row["association_type"], row["target_product_key"] or row["target"], row["quantity"])
        for row in tables["product_associations"]
    ]
    assert sorted(associations, key=str) == [
        ("set", uuid(2), 2),
        ("x_sell", uuid(2), None),
        ("x_sell", uuid(3), None),
        ("x_sell", "m1", None),
    ]


def test_completeness_is_one_row_for_each_place(story: dict[str, Tables]) -> None:
    found = {
        (row["channel"], row["locale"]): row["completeness"]
        for row in story["first"]["completeness"]
        if row["product_key"] == uuid(1)
    }
    assert len(found) == len(story["first"]["completeness"]) - 1
    assert found == {
        ("ecommerce", "en_US"): 50,
        ("ecommerce", "fr_FR"): None,
        ("print", "en_US"): 80,
        ("print", "de_DE"): 70,
    }


def test_the_documented_query_finds_products_that_became_complete(
    loaded: Loaded, story: dict[str, Tables]
) -> None:
    assert story
    found = loaded.rows(questions()[-1])
    assert [(row["identifier"], row["locale"]) for row in found] == [("sku-2", "en_US")]


def test_changes_of_completeness_are_kept(story: dict[str, Tables]) -> None:
    changes = [
        (row["product_key"], row["locale"], row["completeness_before"], row["change"])
        for row in story["second"]["completeness_changes"]
        if row["state"] > 1
    ]
    gone = "no longer counted"
    assert sorted(changes, key=str) == [
        (uuid(1), "de_DE", 70, gone),
        (uuid(1), "en_US", 80, gone),
        (uuid(2), "en_US", 90, "became complete"),
    ]
    days = {row["day"] for row in story["second"]["daily_completeness"]}
    counts = {
        (row["family"], row["locale"]): (row["products"], row["complete_products"])
        for row in story["second"]["daily_completeness"]
        if row["day"] == max(days)
    }
    assert counts == {
        ("SHIRTS", "en_US"): (1, 0),
        ("SHIRTS", "fr_FR"): (1, 0),
        (None, "en_US"): (1, 1),
    }


def test_a_source_that_is_switched_off_is_not_read(story: dict[str, Tables]) -> None:
    for run, found in (("second", "Cross sell"), ("with removed", None)):
        (row,) = [row for row in story[run]["product_associations"] if row["target"] == "m1"]
        assert row["association_label"] == found


def test_further_columns_of_the_loaded_table_are_passed_through(story: dict[str, Tables]) -> None:
    found = {(row["erp_number"], row["absent"]) for row in story["with removed"]["products"]}
    assert found == {(7, None)}
    assert "erp_number" not in story["second"]["products"][0]


def test_a_tree_begins_at_the_uppermost_category_that_was_loaded(story: dict[str, Tables]) -> None:
    found = {row["category"]: row for row in story["first"]["category_paths"]}
    assert {code: (row["tree"], row["depth"], row["parent"]) for code, row in found.items()} == {
        "shirts": ("shirts", 0, "master"),
        "sale": ("shirts", 1, "SHIRTS"),
    }


def test_codes_are_the_same_in_any_letter_case(story: dict[str, Tables]) -> None:
    tables = story["first"]
    (row,) = [row for row in tables["products"] if row["product_key"] == uuid(1)]
    assert (row["family"], row["parent"], row["root_model"]) == ("shirts", "M1", "M1")
    assert row["family_variant"] == "BY_SIZE"
    assert row["label"] == "Shirt"
    (size,) = values(tables, "Size")
    assert size["option_label"] == "Large"
    assert not size["is_inherited"]
    (color,) = values(tables, "color")
    assert color["inherited_from"] == "M1"
    (axis,) = tables["product_variants"]
    assert (axis["product_key"], axis["axis_label"]) == (uuid(1), "Large")
    missing = {
        (row["channel"], row["locale"], row["attribute"])
        for row in tables["missing_required_values"]
        if row["product_key"] == uuid(1)
    }
    assert missing == {("ecommerce", "fr_FR", "name")}
    filled = [
        (row["channel"], row["locale"], row["filled"])
        for row in tables["attribute_fill_rate"]
        if row["attribute"] == "name"
    ]
    assert sorted(filled) == [
        ("ecommerce", "en_US", 1),
        ("ecommerce", "fr_FR", 0),
        ("print", "de_DE", 1),
        ("print", "en_US", 1),
    ]


@pytest.mark.parametrize("run", ["first", "second", "with removed"])
def test_fill_rates_count_the_products_that_have_values(story: dict[str, Tables], run: str) -> None:
    tables = story[run]
    filled: defaultdict[tuple[Any, ...], set[str]] = defaultdict(set)
    for row in tables["product_values"]:
        if row["product_key"]:
            of_attribute = (row["family"], row["attribute"])
            filled[of_attribute].add(row["product_key"])
            place = (*of_attribute, row["channel"], row["locale"])
            filled[place].add(row["product_key"])
    for row in tables["attribute_fill_rate"]:
        of_attribute = (row["family"], row["attribute"])
        place = (*of_attribute, row["channel"], row["locale"])
        assert (row["filled"], row["filled_anywhere"]) == (
            len(filled[place]),
            len(filled[of_attribute]),
        ), place


@pytest.mark.parametrize(
    ("run", "colorless"),
    [("second", {"en_US", "fr_FR"}), ("with removed", set())],
)
def test_new_requirements_count_for_products_that_were_not_read_again(
    story: dict[str, Tables], run: str, colorless: set[str]
) -> None:
    missing = {
        (row["channel"], row["locale"], row["attribute"])
        for row in story[run]["missing_required_values"]
        if row["product_key"] == uuid(1)
    }
    of_color = {("ecommerce", locale, "color") for locale in colorless}
    assert missing == {("ecommerce", "fr_FR", "name"), *of_color}
    counted = sorted(
        (row["product_key"], row["channel"], row["locale"], row["attribute"])
        for row in story[run]["missing_required_values"]
    )
    assert len(counted) == len(set(counted))


def test_something_that_was_created_again_in_another_letter_case_is_one_row(
    story: dict[str, Tables],
) -> None:
    found = [row for row in story["second"]["products"] if row["product_key"] == uuid(1)]
    assert [(row["family"], row["family_label"]) for row in found] == [("SHIRTS", "Shirts")]


def test_a_product_without_a_label_has_its_identifier_in_brackets(
    story: dict[str, Tables],
) -> None:
    labels = {row["product_key"]: row["label"] for row in story["first"]["products"]}
    assert labels[uuid(2)] == "[sku-2]"
    assert labels[uuid(100)] == "[sku-100]"


def test_a_value_gets_its_type_when_its_attribute_comes(story: dict[str, Tables]) -> None:
    (before,) = values(story["first"], "later")
    assert before["attribute_type"] is None
    (after,) = values(story["second"], "later")
    assert after["attribute_type"] == "pim_catalog_metric"
    assert (after["number_value"], after["unit"]) == (3.5, "GRAM")


def test_a_row_of_a_table_is_not_taken_for_a_measurement(story: dict[str, Tables]) -> None:
    (row,) = values(story["first"], "measures")
    assert (row["number_value"], row["unit"]) == (None, None)
    assert '"amount"' in row["text_value"]


def test_cells_of_tables_readiness_and_tasks_are_rows(story: dict[str, Tables]) -> None:
    tables = story["first"]
    cells = {row["table_column"]: row["text_value"] for row in tables["table_values"]}
    assert cells == {"amount": "1", "unit": "GRAM"}
    readiness = [
        (row["product_key"], row["readiness_rule"], row["locale"], row["readiness_score"])
        for row in tables["readiness"]
    ]
    assert sorted(readiness) == [
        (uuid(2), "shop", "en_US", 50.5),
        (uuid(2), "shop", "fr_FR", 100),
    ]
    assert {row["task_uuid"]: row["is_rejected"] for row in tables["workflow_tasks"]} == {
        uuid(22): True,
        uuid(23): False,
    }
    assert {
        (row["identifier"], row["workflow_label"], row["step_label"], row["family"])
        for row in tables["workflow_tasks"]
    } == {("sku-2", "Launch", "[write]", None), ("M1", "Launch", "[write]", "shirts")}


@pytest.mark.parametrize("run", ["first", "second", "with removed"])
def test_what_no_longer_exists_counts_only_on_demand(story: dict[str, Tables], run: str) -> None:
    tables, all_count = story[run], run != "second"
    places = {row["channel"] for row in tables["completeness"]}
    assert places == {"ecommerce", *(["print"] if all_count else [])}
    names = {(row["channel"], row["locale"]) for row in values(tables, "name")}
    gone = {("print", "de_DE"), ("print", "en_US")}
    assert names == {("ecommerce", "en_US"), *(gone if all_count else ())}
    assert bool(values(tables, "old")) == all_count
    assert bool(values(tables, "color")) == all_count


@pytest.mark.parametrize("run", ["second", "with removed"])
def test_what_is_newer_than_its_list_exists(story: dict[str, Tables], run: str) -> None:
    assert [row["text_value"] for row in values(story[run], "newest", 4)] == ["new"]
    assert [row["option_label"] for row in values(story[run], "color", 4)] == ["[pink]"]


def test_empty_builds_and_partial_selections_work(loaded: Loaded, story: dict[str, Tables]) -> None:
    assert story
    partial = ("build", "--exclude=test_type:unit", "--select=+akeneo__completeness")
    for number, arguments in enumerate([("run", "--empty"), partial]):
        code, log = loaded.dbt(*arguments, "--warn-error", schema=f"{loaded.home.name}_{number}")
        assert code == 0, log[-4000:]
    code, text = loaded.dbt(*COMMAND, schema=f"{loaded.home.name}_0")
    assert code == 0, text
    assert Report(text).tiles()["products"] == "0"


def test_no_text_becomes_a_part_of_the_page(loaded: Loaded, story: dict[str, Tables]) -> None:
    assert story
    shown = {
        "families": ("family_label",),
        "attributes": ("attribute_label", "attribute_group_label"),
        "channels": ("channel_label",),
        "products": ("identifier", "label", "family_label", "categories"),
        "product_history": ("change", "content_before", "content_after"),
    }
    for table, columns in shown.items():
        texts = ", ".join(f"{column} = '{HOSTILE}'" for column in columns)
        loaded.execute(f"update akeneo__{table} set {texts}")  # noqa: S608
    with_families = ("families", "products", "completeness", "missing_required_values")
    for table in (*with_families, "attribute_fill_rate"):
        loaded.execute(f"update akeneo__{table} set family = family || '{HOSTILE}'")  # noqa: S608
    loaded.execute(f"update akeneo__products set image = '0/{HOSTILE}.jpg'")  # noqa: S608
    code, text = loaded.dbt(*COMMAND, "--vars", "akeneo_media_url: media/media-files/")
    assert code == 0, text
    report = Report(text)
    assert not {"script", "b"} & report.tags()
    assert report.words("body").count(HOSTILE) > 10
    assert f"media/media-files/0/{quote(HOSTILE)}.jpg" in report.addresses()
    pim = f"https://{HOSTILE}/#/"
    known = (f"{pim}enrich/product/", f"{pim}configuration/", "media/media-files/", "#", "data:,")
    assert {each for each in report.addresses() if not each.startswith(known)} == set()


def test_a_failing_test_warns_and_keeps_its_rows(loaded: Loaded, story: dict[str, Tables]) -> None:
    assert story
    loaded.execute("create table copied as select * from product_models")
    loaded.execute("drop table product_models cascade")
    loaded.execute(
        "create table product_models as select * from copied union all select * from copied"
    )
    made = (
        "stg_akeneo__product_models",
        "int_akeneo__all_product_models",
        "akeneo__product_models",
    )
    select = ("build", "--select", *made)
    code, log = loaded.dbt(*select)
    assert code == 0, log[-4000:]
    assert "WARN 1" in log, log[-4000:]
    assert loaded.rows(
        f"select * from {loaded.audit}.primary_key_akeneo__product_models_product_model"  # noqa: S608
    )
    code, log = loaded.dbt(*select, "--vars", "akeneo_test_severity: error")
    assert code == 1, log[-4000:]


def test_a_key_that_comes_twice_or_is_null_is_reported(
    loaded: Loaded, story: dict[str, Tables]
) -> None:
    assert story
    loaded.execute("insert into akeneo__channels (channel) values ('twice'), ('twice'), (null)")
    code, log = loaded.dbt("test", "--select=akeneo__channels")
    assert code == 0, log[-4000:]
    assert loaded.rows(
        f"select * from {loaded.audit}.primary_key_akeneo__channels_channel order by row_count"  # noqa: S608
    ) == [{"primary_key": None, "row_count": 1}, {"primary_key": "twice", "row_count": 2}]
