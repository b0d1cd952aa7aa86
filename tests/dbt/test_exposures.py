"""The exposures of the dbt package name what is made of its tables."""

from __future__ import annotations

import re

import yaml

from tests.dbt.loaded import DBT

REFERENCE = re.compile(r"ref\('(\w+)'\)")


def test_the_exposure_of_the_page_names_all_tables_that_the_page_reads() -> None:
    macros = [*DBT.glob("macros/report/*.sql"), DBT / "macros" / "product_versions.sql"]
    read = {
        name for macro in macros for name in REFERENCE.findall(macro.read_text(encoding="utf-8"))
    }
    file = DBT / "models" / "marts" / "exposures.yml"
    (exposure,) = yaml.safe_load(file.read_text(encoding="utf-8"))["exposures"]
    assert {REFERENCE.findall(each)[0] for each in exposure["depends_on"]} == read
