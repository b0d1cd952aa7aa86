"""The README says what the code does."""

from __future__ import annotations

import re

import pytest

from tap_akeneo.streams import STREAMS
from tests.docs import README, TABLES, with_tables

TEXT = README.read_text(encoding="utf-8")


@pytest.mark.parametrize("table", TABLES)
def test_the_readme_has_the_tables_of_the_code(table: str) -> None:
    assert f"<!-- {table} -->\n|" in TEXT
    assert with_tables(TEXT) == TEXT, "write them anew: python -m tests.docs"


def test_every_stream_class_is_listed_and_has_its_schema() -> None:
    assert len(STREAMS) == len(set(STREAMS))
    for stream in STREAMS:
        assert stream.__doc__


def test_the_first_two_code_blocks_of_the_readme_are_one_command_each() -> None:
    first, second = re.findall(r"```[a-z]*\n(.*?)```", TEXT, flags=re.DOTALL)[:2]
    assert first.strip() == "bash scripts/demo"
    assert second.strip() == "bash scripts/test"
