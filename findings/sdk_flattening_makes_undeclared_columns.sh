#!/usr/bin/env bash
# singer-sdk 0.54.9: flattening writes properties that the SCHEMA message does not declare.
#
# An object whose fields the schema names is declared as one column for each of them. But the record of
# an object that is null has the name of the object itself, and a field that the schema does not name
# becomes a column too. A target that checks records, or that makes its table from the SCHEMA, fails or
# drops the value.
#
# Output seen:
#   declared: id, readiness__score
#   {"score": 5}: id, readiness__score
#   null: id, readiness
#   {"score": 5, "newer": "x"}: id, readiness__newer, readiness__score
#
# Exits with 1 if the SDK does something else.
set -euo pipefail
home=$(mktemp -d)
trap 'rm -rf "$home"' EXIT
cd "$home"
"${PYTHON:-python3}" -m venv venv
venv/bin/python -m pip install -qq --disable-pip-version-check singer-sdk==0.54.9
cat >tap.py <<'PYTHON'
import json

import singer_sdk.typing as th
from singer_sdk import Stream, Tap

INNER = th.ObjectType(th.Property("score", th.IntegerType))
VALUES = ({"score": 5}, None, {"score": 5, "newer": "x"})


class Items(Stream):
    name = "items"
    primary_keys = ("id",)
    schema = th.PropertiesList(
        th.Property("id", th.IntegerType), th.Property("readiness", INNER)
    ).to_dict()

    def get_records(self, context):
        for number, value in enumerate(VALUES):
            yield {"id": number, "readiness": value}


class Example(Tap):
    name = "tap-example"
    config_jsonschema = th.PropertiesList().to_dict()

    def discover_streams(self):
        return [Items(self)]


Example(config={"flattening_enabled": True, "flattening_max_depth": 1}).sync_all()
PYTHON
venv/bin/python tap.py >messages 2>log || { cat log; exit 1; }
venv/bin/python - <<'PYTHON' | tee output
import json

sent = iter(('{"score": 5}', "null", '{"score": 5, "newer": "x"}'))
for line in open("messages"):
    message = json.loads(line)
    if message["type"] == "SCHEMA":
        print("declared:", ", ".join(sorted(message["schema"]["properties"])))
    if message["type"] == "RECORD":
        print(f"{next(sent)}:", ", ".join(sorted(message["record"])))
PYTHON
diff output - <<'SEEN'
declared: id, readiness__score
{"score": 5}: id, readiness__score
null: id, readiness
{"score": 5, "newer": "x"}: id, readiness__newer, readiness__score
SEEN
