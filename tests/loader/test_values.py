"""Values arrive as they were sent."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.loader.support import (
    BOOLEAN,
    DATE,
    INTEGER,
    NUMBER,
    OBJECT,
    TEXT,
    record,
    schema,
)

if TYPE_CHECKING:
    from tests.loader.support import Database

KINDS = schema(
    text=TEXT, date=DATE, integer=INTEGER, number=NUMBER, flag=BOOLEAN, nested=OBJECT, any={}
)
DAY = datetime(2024, 3, 31, tzinfo=timezone.utc)

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
decimals = (
    st.decimals(allow_nan=False, allow_infinity=False, places=18)
    | st.floats(allow_nan=False, allow_infinity=False).map(lambda number: Decimal(repr(number)))
    | st.builds(
        lambda digits, exponent: Decimal(f"{digits}E{exponent}"),
        st.integers(-(10**25), 10**25),
        st.integers(-300, 280),
    )
)
integers = st.integers(-(10**40), 10**40) | st.integers(-1000, 1000)
scalars = st.none() | st.booleans() | integers | decimals | texts
nested = st.recursive(
    scalars,
    lambda inside: st.lists(inside, max_size=4) | st.dictionaries(texts, inside, max_size=4),
    max_leaves=12,
)
dates = st.builds(
    lambda moment, minutes: moment.replace(tzinfo=timezone(timedelta(minutes=minutes))),
    st.datetimes(datetime(2, 1, 1), datetime(9998, 1, 1)),  # noqa: DTZ001 (set above)
    st.integers(-14 * 60, 14 * 60),
)
rows = st.fixed_dictionaries(
    {
        "code": texts,
        "text": st.none() | texts,
        "date": st.none() | dates,
        "integer": st.none() | integers,
        "number": st.none() | decimals | integers,
        "flag": st.none() | st.booleans(),
        "nested": st.none() | st.dictionaries(texts, nested, max_size=5),
        "any": nested,
    }
)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(rows, min_size=1, max_size=20))
@example(
    [{"code": code, "any": [code, {code: code}]} for code in ("", "\0", "a\0", "a\0b", "NULL")]
)
@example([{"code": "é", "any": "\u2028"}, {"code": "e\u0301", "any": 1}, {"code": "É", "any": [1]}])
def test_rows_with_any_values_are_stored_unchanged(
    database: Database, sent: list[dict[str, Any]]
) -> None:
    database.path.unlink(missing_ok=True)
    database.load(KINDS, *(f"{as_json({**record(), 'record': row})}\n" for row in sent))
    expected = {
        row["code"]: {name: one for name, one in row.items() if one is not None} for row in sent
    }
    assert stored(database) == as_text(expected)


def test_texts_of_any_characters_are_stored_unchanged(database: Database) -> None:
    odd = [
        "",
        " ",
        "\t",
        "\n",
        "\r\n",
        "a,b",
        ";",
        "'",
        '"',
        '""',
        "\\",
        "\\N",
        "\\t",
        "null",
        "NULL",
    ]
    odd += [
        "{}",
        "[1]",
        "true",
        "1",
        "01",
        "1.0",
        "2024-01-01",
        "\x7f\x01",
        "\ufeff",
        "A",
        "a",
        "ä",
        "Ä",
    ]
    messages = [KINDS, *(record(code=text, text=text, any=text) for text in odd)]
    for _ in range(2):
        database.load(*messages)
        assert database.rows(columns='code, "text", "any"->>\'$\'') == sorted(
            ((text, text, text) for text in odd), key=str
        )


@pytest.mark.parametrize("zone", ["UTC", "America/New_York", "Asia/Kolkata"])
def test_dates_are_instants_in_any_zone(database: Database, zone: str) -> None:
    sent = {
        "2024-03-31T02:30:00+02:00": DAY + timedelta(minutes=30),
        "2024-03-30T19:30:00-05:00": DAY + timedelta(minutes=30),
        "2024-03-31T00:30:00.123456Z": DAY + timedelta(minutes=30, microseconds=123456),
        "2024-03-31T00:30:00.1234569Z": DAY + timedelta(minutes=30, microseconds=123456),
        "2024-03-31 00:30:00": DAY + timedelta(minutes=30),
        "2024-03-31": DAY,
        "2024-03-31T06:00:00+0530": DAY + timedelta(minutes=30),
    }
    rows = [record(code=text, date=text) for text in sent]
    assert database.run(KINDS, *rows, environment={"TZ": zone}).returncode == 0
    assert database.types()["date"] == "TIMESTAMP WITH TIME ZONE"
    found = dict(database.sql("select code, epoch_us(date) from items"))
    assert found == {text: microseconds(moment) for text, moment in sent.items()}


@pytest.mark.parametrize(
    "impossible",
    [
        "2024-02-30T00:00:00Z",
        "0000-00-00 00:00:00",
        "infinity",
        "epoch",
        "now",
        "",
        "soon",
        5,
        "12:00",
    ],
)
def test_an_invalid_date_makes_its_column_json(database: Database, impossible: object) -> None:
    good = "2024-03-31T02:30:00+02:00"
    database.load(KINDS, record(code="a", date=good))
    database.load(KINDS, record(code="b", date=impossible), record(code="c", date=good))
    assert database.types()["date"] == "JSON"
    assert database.sql("select date from items where code = 'b'") == [(json.dumps(impossible),)]
    both = database.sql(
        "select (date->>'$')::timestamptz::text from items where code in ('a', 'c')"
    )
    assert both == [("2024-03-31 00:30:00+00",)] * 2
    # And it stays so.
    database.load(KINDS, record(code="d", date=good))
    assert database.sql("select date->>'$' from items where code = 'd'") == [(good,)]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("integer", 2**63),
        ("integer", -(10**40)),
        ("integer", 1.5),
        ("integer", "5"),
        ("number", 2**53 + 1),
        ("number", Decimal("0.1234567890123456789")),
        ("number", Decimal("1234567890123456.7")),
        ("number", Decimal("123456789.12345678901")),
        ("number", Decimal("12345678901234567E+5")),
        ("number", Decimal("123456789012345678E+5")),
        ("number", "1.5"),
        ("flag", 1),
        ("flag", "true"),
    ],
)
def test_a_column_becomes_json_for_what_it_cannot_hold(
    database: Database, name: str, value: Any
) -> None:
    small: dict[str, Any] = {"integer": 7, "number": 0.30000000000000004, "flag": True}
    database.load(KINDS, record(code="a", **small))
    database.load(
        KINDS, f"{as_json(record(code='b', **{name: value}))}\n", record(code="c", **small)
    )
    assert database.types()[name] == "JSON"
    found = dict(database.sql(f'select code, "{name}" from items'))  # noqa: S608
    assert as_text(
        {code: json.loads(text, parse_float=Decimal) for code, text in found.items()}
    ) == (as_text({"a": small[name], "b": value, "c": small[name]}))


def test_a_column_keeps_its_type_for_what_it_can_hold(database: Database) -> None:
    numbers = [0, 1, -1, 5.0, 0.1, 1e-7, 1e22, 1.5e300, 5e-324, 2**53, -0.0, 1234567.125, 0.1 + 0.2]
    database.load(KINDS, *(record(code=str(n), number=one) for n, one in enumerate(numbers)))
    database.load(KINDS, record(code="x", integer=2**63 - 1), record(code="y", integer=-(2**63)))
    database.load(KINDS, '{"type":"RECORD","stream":"items","record":{"code":"z","integer":5.0}}')
    assert (database.types()["number"], database.types()["integer"]) == ("DOUBLE", "BIGINT")
    found = dict(database.sql("select code, number from items"))
    assert [found[str(n)] for n in range(len(numbers))] == numbers


def test_other_values_become_text_in_a_column_of_texts(database: Database) -> None:
    odd: dict[str, Any] = {"1": 5, "2": True, "3": {"a": [1]}, "4": 2**70, "5": None}
    database.load(KINDS, *(record(code=code, text=value) for code, value in odd.items()))
    assert [row for (row,) in database.sql("select text from items order by code")] == [
        "5",
        "true",
        '{"a":[1]}',
        str(2**70),
        None,
    ]


def as_json(value: Any) -> str:
    """Encode as JSON, with decimals digit by digit and in all notations."""
    if isinstance(value, dict):
        inside = (f"{as_json(str(name))}:{as_json(one)}" for name, one in value.items())
        return "{" + ",".join(inside) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(as_json, value)) + "]"
    if isinstance(value, Decimal):
        sign, digits, exponent = value.as_tuple()
        if -20 <= int(exponent) <= 0:
            return f"{value:f}"
        whole = "".join(map(str, digits))
        return str(value) if len(digits) % 2 else f"{'-' * sign}{whole}e{exponent}"
    return json.dumps(value.isoformat() if isinstance(value, datetime) else value)


def as_text(value: Any) -> Any:
    """Return a value as text with the kinds of its parts, because True equals 1 in Python."""
    if isinstance(value, dict):
        return {name: as_text(one) for name, one in value.items() if one is not None or name == ""}
    if isinstance(value, list):
        return [as_text(one) for one in value]
    if isinstance(value, (int, float, Decimal)) and not isinstance(value, bool):
        number = Decimal(repr(value)) if isinstance(value, float) else Decimal(value)
        return f"number {number.normalize() if number else 0}"
    return as_text(microseconds(value)) if isinstance(value, datetime) else value


def microseconds(moment: datetime) -> int:
    return (moment - datetime(1970, 1, 1, tzinfo=timezone.utc)) // timedelta(microseconds=1)


def stored(database: Database) -> Any:
    """Return the stored rows by code, without what is null."""
    types = database.types()
    instants = [name for name, kind in types.items() if kind.startswith("TIMESTAMP")]
    columns = [f"epoch_us({name})" if name in instants else f'"{name}"' for name in types]
    rows = database.sql(f"select {', '.join(columns)} from items")  # noqa: S608
    found = {}
    for row in rows:
        values = {
            name: json.loads(one, parse_float=Decimal) if types[name] == "JSON" else one
            for name, one in zip(types, row, strict=True)
            if one is not None
        }
        found[values["code"]] = as_text(values)
    return found
