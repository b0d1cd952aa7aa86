#!/usr/bin/env bash
# DuckDB 2.0.1: a new file in its default storage format takes several times the processor time of the
# same rows in a file with `storage_version 'v1.2.0'`.
#
# The rows are products as a Singer loader writes them: an id and 10 KB of JSON, 4,000 of them. Readers
# other than DuckDB 2 need the older format anyway.
#
# Output seen, in processor seconds (the figures depend on the machine):
#   v1.2.0 0.5 s, default 1.5 s: 2.9 times
#
# Exits with 1 if the default takes less than 1.5 times as long.
set -euo pipefail
home=$(mktemp -d)
trap 'rm -rf "$home"' EXIT
cd "$home"
"${PYTHON:-python3}" -m venv venv
venv/bin/python -m pip install -qq --disable-pip-version-check duckdb==2.0.1
venv/bin/python - <<'PYTHON'
import json
import random
import sys
import time

import duckdb

chance = random.Random(1)
words = [f"{chance.getrandbits(24):x}" for _ in range(2000)]
with open("lines.jsonl", "w") as lines:
    for number in range(4000):
        values = {
            f"attribute_{one}": [
                {"locale": locale, "scope": None, "data": " ".join(chance.choices(words, k=12))}
                for locale in ("en_US", "de_DE", "fr_FR")
            ]
            for one in range(25)
        }
        lines.write(json.dumps({"id": number, "values": values}) + "\n")


def seconds(name, options):
    connection = duckdb.connect()
    connection.execute(f"attach '{name}' as file {options}")
    connection.execute("create table file.products (id bigint, \"values\" json)")
    before = time.process_time()
    connection.execute("insert into file.products from read_json('lines.jsonl', columns = {id: 'bigint', values: 'json'})")
    connection.execute("checkpoint file")
    return time.process_time() - before


older = seconds("older.duckdb", "(storage_version 'v1.2.0')")
default = seconds("default.duckdb", "")
print(f"v1.2.0 {older:.1f} s, default {default:.1f} s: {default / older:.1f} times")
sys.exit(default < 1.5 * older)
PYTHON
