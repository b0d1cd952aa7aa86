"""Data that no PIM should contain: it is read as it was sent, or the error says where it is."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from typing_extensions import override

from tap_akeneo.client.errors import AkeneoError
from tap_akeneo.tap import TapAkeneo
from tests.support import Collector, Run, command, select, settings_for, sync

if TYPE_CHECKING:
    from pim_simulator import SimulatedPim
    from tests.conftest import StartPim
    from tests.support import Ended

LOOKS: dict[str, dict[str, Any]] = {
    "as JSON": {},
    "stream maps": {"stream_maps": {"families": {"code": "code"}, "locales": {}}},
    "flattening": {"flattening_enabled": True, "flattening_max_depth": 3},
}
"""Settings with which a record is passed through as JSON, or decoded."""

SENT: dict[str, tuple[str, Any]] = {
    "a NUL": (r'"a\u0000b\\u0000"', r"ab\u0000"),
    "control characters": (
        r'"\u0001\u001b[31m\u007f\u0085\u2028"',
        "\x01\x1b[31m\x7f\x85\u2028",
    ),
    "an emoji in two escapes": (r'"\ud83d\ude00"', "\U0001f600"),
    "half a surrogate": (r'"a\ud800b\\ud800"', "a\ufffdb\\ud800"),
    "a byte that is not UTF-8": ('"a\udcffb"', "a\ufffdb"),
    "an integer beyond 64 bits": ("18446744073709551617", "18446744073709551617"),
    "a negative integer of 40 digits": ("-" + 40 * "1", "-" + 40 * "1"),
    "a number of 40 decimals": (
        "0.1000000000000000055511151231257827021181",
        "0.1000000000000000055511151231257827021181",
    ),
    "a zero at the end": ("1.10", "1.10"),
    "a switch where text should be": ("true", "true"),
    "a list where text should be": ("[1,[]]", None),
    "a number of 5000 digits": ("9" * 5000, None),
    "the same key twice": ('"one","en_US":"two"', "two"),
}
"""JSON sent in place of a label, and the label expected in the record."""


def exact(text: str) -> Any:
    """Parse JSON with exact decimals: 1.10 keeps its trailing zero."""
    return json.loads(text, parse_float=Decimal)


class Exact(Collector):
    """Collects messages with the exact numbers that were written."""

    @override
    def write_message(self, message: Any) -> None:
        self.messages.append(exact(self.serialize_message(message).decode()))


def read(pim: SimulatedPim, stream: str, **settings: Any) -> Run:
    collector = Exact()
    tap = TapAkeneo(config=settings_for(pim, **settings), message_writer=collector)
    select(tap, [stream])
    tap.sync_all()
    return Run(tap, collector.messages)


def unflattened(record: dict[str, Any]) -> dict[str, Any]:
    """Parse the JSON text that flattening wrote into a record."""
    return {
        key: exact(value) if isinstance(value, str) and value[:1] in "[{" else value
        for key, value in record.items()
    }


@pytest.mark.parametrize("settings", LOOKS.values(), ids=LOOKS.keys())
@pytest.mark.parametrize(("sent", "label"), SENT.values(), ids=SENT.keys())
def test_an_odd_value_is_kept_as_text_or_in_additional_fields_and_other_values_are_unchanged(
    start_pim: StartPim, sent: str, label: str | None, settings: dict[str, Any]
) -> None:
    pim = start_pim()
    pim.faults.add("odd", "/families", odd={'"en_US":"Accessories"': f'"en_US":{sent}'})
    rows = [unflattened(row) for row in read(pim, "families", **settings).records("families")]
    kept = [row.pop("additional_fields", None) for row in rows]
    assert all(row.pop("read_at") for row in rows)
    expected = [dict(family) for family in pim.truth("families")]
    (odd,) = (family for family in expected if family["code"] == "accessories")
    place = expected.index(odd)
    if len(sent) == 5000:
        # None of it can be decoded, so the whole property is kept as text.
        odd["labels"] = None
    else:
        odd["labels"] = {**odd["labels"], "en_US": label}
    assert rows == [{key: row[key] for key in rows[0]} for row in expected]
    assert (kept[place] is not None) == (label is None)
    assert not any(kept[:place] + kept[place + 1 :])


def test_a_10_mb_text_is_read(start_pim: StartPim) -> None:
    pim = start_pim(products=10)
    long = "ä€ " * 3_500_000
    pim.faults.add("odd", "/families", odd={'"en_US":"Accessories"': f'"en_US":"{long}"'})
    rows = sync(pim, "families").rows("families")
    assert rows[("accessories",)]["labels"]["en_US"] == long
    assert len(rows) == len(pim.truth("families"))


@pytest.mark.parametrize(
    ("profile", "zero", "keeps"),
    [
        ("ce-4", "0000-00-00T00:00:00+00:00", False),
        ("ce-7", "0000-00-00T00:00:00+00:00", True),
        ("ce-4", "-0001-11-30T00:00:00+00:00", True),
        ("ce-7", "-0001-11-30T00:00:00+00:00", False),
    ],
)
def test_zero_dates_become_null_with_one_log_line_and_later_changes_are_read(
    start_pim: StartPim,
    caplog: pytest.LogCaptureFixture,
    *,
    profile: str,
    zero: str,
    keeps: bool,
) -> None:
    pim = start_pim(profile)
    settings: dict[str, Any] = {"page_size": 10, "pim_timezone": "UTC"}
    settings["keep_values_as_sent"] = keeps
    odd = {
        f'"{name}":"{row[name]}"': f'"{name}":"{zero}"'
        for row in pim.truth("products")[::2]
        for name in ("created", "updated")
    }
    pim.faults.add("odd", "/products", odd=odd, times=None)
    first = sync(pim, "products", **settings)
    key = first.tap.streams["products"].primary_keys[0]
    assert first.rows("products").keys() == {(row[key],) for row in pim.truth("products")}
    dates = {row["updated"] for row in first.records("products")}
    assert (None in dates, zero in dates) == (not keeps, keeps)
    lines = [line for line in caplog.messages if "`updated` was text instead of a date" in line]
    assert len(lines) == (not keeps)
    assert "New replication value is null" not in caplog.text
    pim.clock.advance(seconds=7200)
    changed = pim.truth("products")[1]
    pim.write.change("products", changed[key], enabled=not changed["enabled"])
    second = sync(pim, "products", state=first.state, **settings)
    (row,) = second.records("products")
    assert row["enabled"] is not changed["enabled"]


def test_the_error_for_an_unknown_time_zone_names_key_property_and_setting(
    start_pim: StartPim,
) -> None:
    pim = start_pim()
    state = sync(pim, "products").state
    zero = "-0001-11-30T00:00:00+00:00"
    odd = {f'"{row["updated"]}"': f'"{zero}"' for row in pim.truth("products")}
    pim.faults.add("odd", "/products-uuid", odd=odd, times=None)
    with pytest.raises(AkeneoError) as raised:
        sync(pim, "products", state=state)
    line = str(raised.value)
    assert line.startswith("products: ")
    assert any(row["uuid"] in line for row in pim.truth("products"))
    for named in ("`updated`", zero, "set pim_timezone"):
        assert named in line


@pytest.mark.parametrize(
    ("code", "key"),
    [('""', ""), ("17", "17"), ('"17"', "17"), (r'"a\u0000"', "a"), ("null", None), ("[]", None)],
)
@pytest.mark.parametrize(
    ("parents", "children", "parent"),
    [("families", "family_variants", "shoes"), ("attributes", "attribute_options", "color")],
)
def test_an_odd_key_does_not_hide_other_rows_or_their_children(  # noqa: PLR0913
    start_pim: StartPim, *, code: str, key: str | None, parents: str, children: str, parent: str
) -> None:
    pim = start_pim(products=10)
    odd = {f'"code":"{parent}"': f'"code":{code}'}
    pim.faults.add("odd", f"/{parents}", odd=odd, times=None)
    run = sync(pim, parents, children)
    codes = {row["code"] for row in pim.truth(parents)}
    expected = codes - {parent} | ({key} if key is not None else set())
    assert {row["code"] for row in run.records(parents)} == expected
    assert len(run.records(parents)) == len(expected)
    # No target accepts a row without its key.
    assert (parents in run.tap.failed_streams) == (key is None)
    keys = run.tap.streams[children].primary_keys
    others = {tuple(row[key] for key in keys) for row in pim.truth(children)}
    others = {key for key in others if key[0] != parent}
    assert others
    assert {key for key in run.rows(children) if key[0] != parent} >= others
    assert "\0" not in json.dumps(list(run.rows(children))).replace(r"\u0000", "\0")


def test_values_of_attributes_with_codes_0_and_1_are_restored_to_a_map(start_pim: StartPim) -> None:
    # PHP turns such keys into integers, and a map with only these keys into a list.
    pim = start_pim()
    # Images have links in the PIM but not in records, so their values would not match.
    products = sync(pim, "products").records("products")
    product = next(one for one in products if "picture" not in one["values"])
    value = {"locale": None, "scope": None, "data": "x"}
    odd = {in_page(product["values"]): in_page([[value], [value]])}
    pim.faults.add("odd", "/products-uuid", odd=odd, times=None)
    for settings in LOOKS.values():
        rows = sync(pim, "products", **settings).rows("products")
        assert len(rows) == len(pim.truth("products"))
        values = unflattened(rows[(product["uuid"],)])["values"]
        assert values == {"0": [value], "1": [value]}


def test_a_numeric_channel_code_is_text_in_quality_scores(start_pim: StartPim) -> None:
    # PHP turns it into an integer in quality scores; a target would reject that row.
    pim = start_pim(products=10)
    channel = {"locales": ["en_US"], "currencies": ["USD"], "category_tree": "master"}
    pim.write.save("channels", "123", channel)
    codes = {row["code"] for row in pim.truth("channels")}
    assert "123" in codes
    for settings in LOOKS.values():
        for row in sync(pim, "products", **settings).records("products"):
            scores = unflattened(row)["quality_scores"]
            assert {score["scope"] for score in scores} == codes


def in_page(value: Any) -> str:
    """Encode a value like the pages of the simulated PIM."""
    return json.dumps(value, separators=(",", ":"))


def run_alone(pim: SimulatedPim, **settings: Any) -> Ended:
    """Run the tap like a user, and check that no traceback is logged."""
    ended = command(config=settings_for(pim, **settings))
    assert "Traceback" not in ended.log
    return ended


@pytest.mark.parametrize("odd", ["NaN", "Infinity", "-Infinity"])
def test_numbers_that_are_invalid_in_json_fail_their_list_with_one_line_for_each_stream(
    start_pim: StartPim, odd: str
) -> None:
    pim = start_pim(products=10)
    pim.faults.add("odd", "/families", odd={'"en_US":"Cameras"': f'"en_US":{odd}'}, times=None)
    ended = run_alone(pim, max_retries=0)
    *lines, last = ended.errors
    assert sorted(line.partition(": ")[0] for line in lines) == ["families", "family_variants"]
    for line in lines:
        assert ": the response is not JSON of the PIM's API (application/json)" in line
        assert "[GET /api/rest/v1/families?page=1" in line
    assert re.match("2 of 16 streams failed: ", last)
    assert ended.code == 1
    read = {one["stream"] for one in ended.messages if one["type"] == "RECORD"}
    assert read >= {"products", "locales", "categories"}


@pytest.mark.parametrize("stream", ["products", "product_keys"])
@pytest.mark.parametrize("years", [25, 60], ids=["before Akeneo", "before 1970"])
def test_a_product_with_any_date_is_read_from_a_split_list(
    start_pim: StartPim, stream: str, years: int
) -> None:
    # Such dates are possible if the database was filled with SQL.
    pim = start_pim(products=300)
    seconds = years * 365 * 86400
    pim.clock.advance(seconds=-seconds)
    pim.write.product("first", uuid="00000000-0000-4000-8000-000000000000")
    pim.write.product("last", uuid="ffffffff-0000-4000-8000-000000000000")
    pim.clock.advance(seconds=seconds)
    run = sync(pim, stream, page_size=10, emit_activate_version_messages=True)
    assert run.rows(stream).keys() == {(row["uuid"],) for row in pim.truth("products")}
    assert not run.tap.failed_streams
    # A filter by date could exclude products with such dates.
    lists = [request for request in pim.requests if request.path.endswith("/products-uuid")]
    assert lists
    assert not any("search" in request.query for request in lists)


def test_a_product_with_the_zero_date_of_mysql_is_read_from_a_split_list(
    start_pim: StartPim,
) -> None:
    pim = start_pim(products=300)
    odd = {'"updated":"2': '"updated":"-0001-11-30T00:00:00+00:00","odd":"2'}
    pim.faults.add("odd", "/products-uuid", odd=odd, times=None)
    run = sync(pim, "products", page_size=10)
    assert run.rows("products").keys() == {(row["uuid"],) for row in pim.truth("products")}
    assert run.bookmark("products")


def test_a_parent_without_its_key_fails_the_stream_and_other_parents_are_read(
    start_pim: StartPim, caplog: pytest.LogCaptureFixture
) -> None:
    pim = start_pim()
    pim.faults.add("odd", "/families", odd={'"code":"shoes"': '"kode":"shoes"'})
    run = sync(pim, "family_variants")
    expected = {(row["family"], row["code"]) for row in pim.truth("family_variants")}
    assert run.rows("family_variants").keys() == {key for key in expected if key[0] != "shoes"}
    assert run.tap.failed_streams == ["family_variants"]
    assert "the PIM sends one of the families without code" in caplog.text


def test_an_item_without_its_key_fails_only_its_stream(
    start_pim: StartPim, caplog: pytest.LogCaptureFixture
) -> None:
    pim = start_pim()
    pim.faults.add("odd", "/families", odd={'"code":"shoes"': '"kode":"shoes"'})
    run = sync(pim, "families", "locales")
    codes = {(row["code"],) for row in pim.truth("families")}
    assert run.rows("families").keys() == codes - {("shoes",)}
    assert len(run.rows("locales")) == len(pim.truth("locales"))
    assert run.tap.failed_streams == ["families"]
    line = "families: the PIM sends an item without its key code; it is skipped"
    assert caplog.text.count(line) == 1


def test_a_product_without_a_date_is_read(start_pim: StartPim) -> None:
    pim = start_pim()
    pim.faults.add("odd", "/products-uuid", odd={'"updated":': '"updatedd":'}, times=None)
    run = sync(pim, "products", pim_timezone="UTC")
    assert run.rows("products").keys() == {(row["uuid"],) for row in pim.truth("products")}
    assert not any(row["updated"] for row in run.records("products"))
