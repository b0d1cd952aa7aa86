"""What no PIM should hold, and some do: it arrives as it was sent, or the run says where it is."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from typing_extensions import override

from tap_akeneo.client.errors import AkeneoError
from tap_akeneo.tap import TapAkeneo
from tests.support import Collector, Run, command, select, settings_for, sync

if TYPE_CHECKING:
    from pathlib import Path

    from pim_simulator import SimulatedPim
    from tests.conftest import StartPim
    from tests.support import Ended

LOOKS: dict[str, dict[str, Any]] = {
    "as JSON": {},
    "stream maps": {"stream_maps": {"families": {"code": "code"}, "locales": {}}},
    "flattening": {"flattening_enabled": True, "flattening_max_depth": 3},
}
"""The ways of a record: handed on as the PIM sent it, or looked into."""

SENT = {
    "a NUL": r'"a\u0000b"',
    "control characters": r'"\u0001\u001b[31m\u007f\u0085\u2028"',
    "an emoji in two escapes": r'"\ud83d\ude00"',
    "an integer beyond 64 bits": "18446744073709551617",
    "a negative integer of 40 digits": "-1234567890123456789012345678901234567890",
    "a number of 40 decimals": "0.1000000000000000055511151231257827021181",
    "a zero at the end": "1.10",
    "a number beyond floats": "1.5e400",
    "a number where text should be": "12",
    "a list where text should be": "[1,[]]",
    "the same key twice": '"one","en_US":"two"',
}


def exact(text: str) -> Any:
    """Numbers to the last digit, and text with its zeros: 1.10 is not 1.1."""
    return json.loads(text, parse_float=Decimal)


class Exact(Collector):
    """Holds messages with their numbers as they were written."""

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
    """A record with what flattening wrote as text of JSON."""
    return {
        key: exact(value) if isinstance(value, str) and value[:1] in "[{" else value
        for key, value in record.items()
    }


@pytest.mark.parametrize("settings", LOOKS.values(), ids=LOOKS.keys())
@pytest.mark.parametrize("sent", SENT.values(), ids=SENT.keys())
def test_an_odd_value_arrives_as_it_was_sent_and_so_do_its_neighbours(
    start_pim: StartPim, sent: str, settings: dict[str, Any]
) -> None:
    pim = start_pim()
    pim.faults.add("odd", "/families", odd={'"en_US":"Accessories"': f'"en_US":{sent}'})
    rows = [unflattened(row) for row in read(pim, "families", **settings).records("families")]
    odd = exact(f'{{"en_US":{sent}}}')["en_US"]
    expected = [dict(family) for family in pim.truth("families")]
    for family in expected:
        if family["code"] == "accessories":
            family["labels"] = {**family["labels"], "en_US": odd}
    assert repr(rows) == repr([{key: row[key] for key in rows[0]} for row in expected])


def test_a_text_of_10_mb_arrives(start_pim: StartPim) -> None:
    pim = start_pim(products=10)
    long = "ä€ " * 3_500_000
    pim.faults.add("odd", "/families", odd={'"en_US":"Accessories"': f'"en_US":"{long}"'})
    rows = sync(pim, "families").rows("families")
    assert rows[("accessories",)]["labels"]["en_US"] == long
    assert len(rows) == len(pim.truth("families"))


@pytest.mark.parametrize("zero", ["0000-00-00T00:00:00+00:00", "-0001-11-30T00:00:00+00:00"])
@pytest.mark.parametrize("profile", ["ce-4", "ce-7"])
def test_zero_dates_arrive_and_no_later_change_is_lost(
    start_pim: StartPim, profile: str, zero: str
) -> None:
    pim = start_pim(profile)
    settings: dict[str, Any] = {"page_size": 10, "pim_timezone": "UTC"}
    odd = {
        f'"{name}":"{row[name]}"': f'"{name}":"{zero}"'
        for row in pim.truth("products")[::2]
        for name in ("created", "updated")
    }
    pim.faults.add("odd", "/products", odd=odd, times=None)
    first = sync(pim, "products", **settings)
    key = first.tap.streams["products"].primary_keys[0]
    assert first.rows("products").keys() == {(row[key],) for row in pim.truth("products")}
    assert zero in {row["updated"] for row in first.records("products")}
    pim.clock.advance(seconds=7200)
    changed = pim.truth("products")[1]
    pim.write.change("products", changed[key], enabled=not changed["enabled"])
    second = sync(pim, "products", state=first.state, **settings)
    (row,) = second.records("products")
    assert row["enabled"] is not changed["enabled"]


def test_without_any_date_that_shows_the_zone_the_run_names_key_property_and_setting(
    start_pim: StartPim,
) -> None:
    pim = start_pim()
    state = sync(pim, "products").state
    zero = "-0001-11-30T00:00:00+00:00"
    odd = {f'"{row["updated"]}"': f'"{zero}"' for row in pim.truth("products")}
    pim.faults.add("odd", "/products-uuid", odd=odd, times=None)
    with pytest.raises(AkeneoError) as told:
        sync(pim, "products", state=state)
    line = str(told.value)
    assert line.startswith("products: ")
    assert any(row["uuid"] in line for row in pim.truth("products"))
    for named in ("`updated`", zero, "set pim_timezone"):
        assert named in line


@pytest.mark.parametrize("code", ['""', "null", "17", '"17"', r'"\u0000"'])
@pytest.mark.parametrize(
    ("parents", "children", "parent"),
    [("families", "family_variants", "shoes"), ("attributes", "attribute_options", "color")],
)
def test_an_odd_key_arrives_as_it_was_sent_and_hides_no_other_row_nor_the_children_of_another(
    start_pim: StartPim, code: str, parents: str, children: str, parent: str
) -> None:
    pim = start_pim(products=10)
    odd = {f'"code":"{parent}"': f'"code":{code}'}
    pim.faults.add("odd", f"/{parents}", odd=odd, times=None)
    run = sync(pim, parents, children)
    codes = {row["code"] for row in pim.truth(parents)}
    assert {row["code"] for row in run.records(parents)} == codes - {parent} | {json.loads(code)}
    assert len(run.records(parents)) == len(codes)
    keys = run.tap.streams[children].primary_keys
    others = {tuple(row[key] for key in keys) for row in pim.truth(children)}
    others = {key for key in others if key[0] != parent}
    assert others
    assert {key for key in run.rows(children) if key[0] != parent} == others


def test_values_of_attributes_whose_codes_are_0_and_1_are_a_map_again(start_pim: StartPim) -> None:
    # PHP makes integers of such keys, and a list of a map with these alone.
    pim = start_pim()
    # Images are shown with links, which records are without.
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


def test_a_channel_whose_code_is_a_number_is_told_as_text_as_everywhere_else(
    start_pim: StartPim,
) -> None:
    # PHP makes an integer of it in the quality scores; a target would refuse that row.
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
    """JSON as a page of the simulated PIM has it."""
    return json.dumps(value, separators=(",", ":"))


def run_alone(pim: SimulatedPim, folder: Path, **settings: Any) -> Ended:
    """Runs the tap as a user does, who sees no traceback."""
    config = folder / "config.json"
    config.write_text(json.dumps(settings_for(pim, **settings)))
    ended = command("--config", config)
    assert "Traceback" not in ended.log
    return ended


@pytest.mark.parametrize("number", ["9" * 5000, "1e" + "9" * 30], ids=["digits", "exponent"])
def test_a_number_too_long_to_be_looked_into_passes_where_nothing_looks_and_is_named_elsewhere(
    start_pim: StartPim, tmp_path: Path, number: str
) -> None:
    pim = start_pim(products=10)
    odd = {'"en_US":"Cameras"': f'"en_US":{number}'}
    pim.faults.add("odd", "/families", odd=odd, times=None)
    for settings in LOOKS.values():
        ended = run_alone(pim, tmp_path, **settings)
        if settings:
            (line,) = ended.errors
            assert line.startswith("families: `labels` of cameras cannot be read: ")
            assert ended.code == 1
        else:
            assert f'"en_US":{number}' in ended.stdout
            assert ended.code == 0


@pytest.mark.parametrize("odd", [r'"\ud800"', '"\udcff"', "NaN"], ids=["half", "byte", "NaN"])
def test_what_is_no_json_though_nearly_ends_the_run_with_its_stream_key_and_property(
    start_pim: StartPim, tmp_path: Path, odd: str
) -> None:
    pim = start_pim(products=10)
    pim.faults.add("odd", "/families", odd={'"en_US":"Cameras"': f'"en_US":{odd}'}, times=None)
    ended = run_alone(pim, tmp_path, max_retries=0)
    (line,) = ended.errors
    assert line.startswith("families: the response is not JSON of the PIM's API (application/json)")
    assert "[GET /api/rest/v1/families?page=1" in line
    assert " in `labels` of cameras" in line
    assert ended.code == 1


@pytest.mark.parametrize("path", ["/currencies", "/measurement-families", "/channels"])
def test_the_place_of_a_wrong_byte_is_told_in_every_kind_of_list(
    start_pim: StartPim, path: str
) -> None:
    pim = start_pim()
    pim.faults.add("odd", path, odd={'"code":"': '"odd":"\udcff","code":"'}, times=None)
    with pytest.raises(AkeneoError, match="in `odd` of "):
        sync(pim, path[1:].replace("-", "_"), max_retries=0)


def test_a_product_whose_date_is_older_than_akeneo_is_read_where_the_list_is_divided(
    start_pim: StartPim,
) -> None:
    # As whoever fills the database by SQL may leave it.
    pim = start_pim(products=300)
    years = 25 * 365 * 86400
    pim.clock.advance(seconds=-years)
    # The last of all, so that the list is divided when its turn comes.
    old = pim.write.product("old", uuid="ffffffff-0000-4000-8000-000000000000")
    pim.clock.advance(seconds=years)
    run = sync(pim, "products", page_size=10)
    assert any("search" in request.query for request in pim.requests)
    assert (old,) in run.rows("products")
    assert len(run.rows("products")) == 301


def test_a_parent_without_its_key_fails_the_stream_and_its_neighbours_are_read(
    start_pim: StartPim, caplog: pytest.LogCaptureFixture
) -> None:
    pim = start_pim()
    pim.faults.add("odd", "/families", odd={'"code":"shoes"': '"kode":"shoes"'})
    run = sync(pim, "family_variants")
    expected = {(row["family"], row["code"]) for row in pim.truth("family_variants")}
    assert run.rows("family_variants").keys() == {key for key in expected if key[0] != "shoes"}
    assert run.tap.failed_streams == ["family_variants"]
    assert "the PIM sends one without code in its families" in caplog.text


def test_an_item_without_its_key_ends_the_run_with_one_line(start_pim: StartPim) -> None:
    pim = start_pim()
    pim.faults.add("odd", "/families", odd={'"code":"shoes"': '"kode":"shoes"'})
    with pytest.raises(AkeneoError, match=r"^families: .* without its key code$"):
        sync(pim, "families")


def test_a_product_without_a_date_gets_through(start_pim: StartPim) -> None:
    pim = start_pim()
    pim.faults.add("odd", "/products-uuid", odd={'"updated":': '"updatedd":'}, times=None)
    run = sync(pim, "products", pim_timezone="UTC")
    assert run.rows("products").keys() == {(row["uuid"],) for row in pim.truth("products")}
    assert not any(row["updated"] for row in run.records("products"))
