#!/usr/bin/env bash
# target-duckdb 0.8.0: one text in single quotes loses them and changes the texts around it, with exit code 0.
#
# The loader writes each batch to a CSV file and lets DuckDB guess its form. If a text begins and ends with a
# single quote, DuckDB takes that for the quote of the file, although Python's csv module quoted with double
# ones. So double quotes in other rows of the batch are doubled, or get more around them. If the rows have
# JSON as well, the run ends with an error instead. This is so with DuckDB 1.2.2, to which users pin it
# because of what newer versions do.
#
# Output seen:
#   without: exit 0, ['24"', 'plain']
#   with: exit 0, ['"24"""', 'plain', 'single']
#   with, and JSON: exit 1, []
#
# Exits with 1 if the loader does something else.
set -euo pipefail
home=$(mktemp -d)
trap 'rm -rf "$home"' EXIT
cd "$home"
"${PYTHON:-python3}" -m venv venv
venv/bin/python -m pip install -qq --disable-pip-version-check target-duckdb==0.8.0 duckdb==1.2.2 "setuptools<81"
cat >load.py <<'PYTHON'
import json
import subprocess

import duckdb

TEXT = {"type": ["string", "null"]}
DATE = {"type": ["string", "null"], "format": "date-time"}
LABELS = {"type": ["object", "null"]}
CASES = {
    "without": (["plain", '24"'], {}),
    "with": (["plain", '24"', "'single'"], {}),
    "with, and JSON": (["plain", '24"', "'single'"], {"labels": {"en": "x"}}),
}
for case, (codes, more) in CASES.items():
    properties = {"code": TEXT, "read_at": DATE, **dict.fromkeys(more, LABELS)}
    messages = [
        {
            "type": "SCHEMA",
            "stream": "items",
            "schema": {"properties": properties},
            "key_properties": ["code"],
        },
        *(
            {
                "type": "RECORD",
                "stream": "items",
                "record": {"code": code, "read_at": "2026-07-01T12:00:00Z", **more},
            }
            for code in codes
        ),
    ]
    path = f"{case}.duckdb"
    with open("config.json", "w") as config:
        json.dump(
            {"filepath": path, "default_target_schema": "main", "add_metadata_columns": True}, config
        )
    ended = subprocess.run(
        ["venv/bin/target-duckdb", "--config", "config.json"],
        input="".join(json.dumps(one) + "\n" for one in messages).encode(),
        capture_output=True,
    )
    with duckdb.connect(path) as database:
        rows = sorted(code for (code,) in database.execute("select code from items").fetchall())
    print(f"{case}: exit {ended.returncode}, {rows}")
PYTHON
venv/bin/python load.py | tee output
diff output - <<'SEEN'
without: exit 0, ['24"', 'plain']
with: exit 0, ['"24"""', 'plain', 'single']
with, and JSON: exit 1, []
SEEN
