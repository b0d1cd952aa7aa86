#!/usr/bin/env bash
# DuckDB 2.0.1: `read_json` rounds decimals to doubles in columns of the type JSON, too.
#
# A loader that gives JSON lines to `read_json` and declares a member as JSON, so that it stays as it
# is, loses the digits of decimals that a double cannot hold. Integers of any length stay whole, and so
# does the same text if it is cast to JSON instead of being read. Nothing warns.
#
# Output seen:
#   read: {"price":0.12345678901234568,"stock":123456789012345678901234567890}
#   cast: {"price":0.1234567890123456789,"stock":123456789012345678901234567890}
#
# Exits with 1 if DuckDB does something else.
set -euo pipefail
home=$(mktemp -d)
trap 'rm -rf "$home"' EXIT
cd "$home"
"${PYTHON:-python3}" -m venv venv
venv/bin/python -m pip install -qq --disable-pip-version-check duckdb==2.0.1
cat >lines.jsonl <<'LINES'
{"record":{"price":0.1234567890123456789,"stock":123456789012345678901234567890}}
LINES
venv/bin/python - <<'PYTHON' | tee output
import json

import duckdb

query = """select record from read_json(
    'lines.jsonl', format = 'newline_delimited', columns = {record: 'JSON'})"""
print("read:", duckdb.execute(query).fetchone()[0])
with open("lines.jsonl") as lines:
    text = lines.read().strip().removeprefix('{"record":').removesuffix("}")
print("cast:", duckdb.execute("select ?::json", [text]).fetchone()[0])
PYTHON
diff output - <<'SEEN'
read: {"price":0.12345678901234568,"stock":123456789012345678901234567890}
cast: {"price":0.1234567890123456789,"stock":123456789012345678901234567890}
SEEN
