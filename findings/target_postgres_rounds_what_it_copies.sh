#!/usr/bin/env bash
# meltanolabs-target-postgres 0.8.1: `use_copy: true` rounds decimals and drops the offsets of dates, with exit code 0.
#
# The setting is for speed. Columns of numbers are `numeric` with and without it, and the loader reads
# decimals with all digits, but it gives COPY floats. And dates are written with the clock time that they
# had in their own offset, while INSERT converts them to the time zone of the session. So the same rows
# change if someone turns the setting on.
#
# The PostgreSQL server is that of the package pgserver. If root runs this, the package makes a user
# `pgserver`, because PostgreSQL does not run as root.
#
# Output seen:
#   INSERT: exit 0, 0.1234567890123456789, 12345678901234567.89, 2026-07-01 10:00:00
#   COPY: exit 0, 0.12345678901234568, 12345678901234568, 2026-07-01 12:00:00
#
# Exits with 1 if the loader does something else.
set -euo pipefail
home=$(mktemp -d)
trap 'rm -rf "$home"' EXIT
cd "$home"
"${PYTHON:-python3}" -m venv venv
venv/bin/python -m pip install -qq --disable-pip-version-check meltanolabs-target-postgres==0.8.1 pgserver==0.1.4
cat >load.py <<'PYTHON'
import json
import subprocess
import sys

import pgserver

RECORD = '{"id": 1, "small": 0.1234567890123456789, "large": 12345678901234567.89, "day": "2026-07-01T12:00:00+02:00"}'
SCHEMA = {
    "properties": {
        "id": {"type": "integer"},
        "small": {"type": ["number", "null"]},
        "large": {"type": ["number", "null"]},
        "day": {"type": ["string", "null"], "format": "date-time"},
    }
}
server = pgserver.get_server("data")
server.psql("alter role postgres set timezone to 'UTC'")
for way, use_copy in (("INSERT", False), ("COPY", True)):
    stream = way.lower() + "ed"
    messages = [
        json.dumps({"type": "SCHEMA", "stream": stream, "schema": SCHEMA, "key_properties": ["id"]}),
        f'{{"type": "RECORD", "stream": "{stream}", "record": {RECORD}}}',
    ]
    config = {
        "sqlalchemy_url": server.get_uri().replace("postgresql:", "postgresql+psycopg:"),
        "default_target_schema": "public",
        "use_copy": use_copy,
    }
    with open("config.json", "w") as file:
        json.dump(config, file)
    ended = subprocess.run(
        ["venv/bin/target-postgres", "--config", "config.json"],
        input="\n".join(messages).encode() + b"\n",
        capture_output=True,
    )
    if ended.returncode:
        sys.stderr.write(ended.stderr.decode()[-2000:])
    columns = "concat_ws(', ', small, large, day)"
    found = server.psql(f"copy (select {columns} from {stream}) to stdout").strip()
    print(f"{way}: exit {ended.returncode}, {found}")
server.cleanup()
PYTHON
venv/bin/python load.py | tee output
diff output - <<'SEEN'
INSERT: exit 0, 0.1234567890123456789, 12345678901234567.89, 2026-07-01 10:00:00
COPY: exit 0, 0.12345678901234568, 12345678901234568, 2026-07-01 12:00:00
SEEN
