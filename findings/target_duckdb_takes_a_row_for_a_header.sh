#!/usr/bin/env bash
# target-duckdb 0.8.0: a table that has only text columns lacks the first row of each batch, with exit code 0.
#
# The loader writes each batch to a CSV file without a header and lets DuckDB guess its form. If all
# columns are texts, DuckDB takes the first row for a header. With one column of another type, all rows
# come. This is so with DuckDB 1.2.2 too, to which users pin it because of what newer versions do.
#
# Output seen:
#   only texts: exit 0, 4 of 5 rows, missing ['first']
#   a number too: exit 0, 5 of 5 rows, missing []
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
import sys

import duckdb

CODES = ["first", "second", "third", "fourth", "fifth"]
TEXT = {"type": ["string", "null"]}
KINDS = {"only texts": (TEXT, "x"), "a number too": ({"type": ["integer", "null"]}, 1)}
for kind, (schema, value) in KINDS.items():
    properties = {"code": TEXT, "other": schema}
    messages = [
        {
            "type": "SCHEMA",
            "stream": "items",
            "schema": {"properties": properties},
            "key_properties": ["code"],
        },
        *(
            {"type": "RECORD", "stream": "items", "record": {"code": code, "other": value}}
            for code in CODES
        ),
    ]
    path = f"{kind}.duckdb"
    with open("config.json", "w") as config:
        json.dump({"filepath": path, "default_target_schema": "main"}, config)
    ended = subprocess.run(
        ["venv/bin/target-duckdb", "--config", "config.json"],
        input="".join(json.dumps(one) + "\n" for one in messages).encode(),
        capture_output=True,
    )
    with duckdb.connect(path) as database:
        rows = sorted(code for (code,) in database.execute("select code from items").fetchall())
    missing = sorted(set(CODES) - set(rows))
    print(f"{kind}: exit {ended.returncode}, {len(rows)} of {len(CODES)} rows, missing {missing}")
PYTHON
venv/bin/python load.py | tee output
diff output - <<'SEEN'
only texts: exit 0, 4 of 5 rows, missing ['first']
a number too: exit 0, 5 of 5 rows, missing []
SEEN
