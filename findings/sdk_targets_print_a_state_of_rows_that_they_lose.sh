#!/usr/bin/env bash
# singer-sdk 0.54.9: a target that gets SIGTERM while it writes a batch prints a state that covers the
# batch, does not write it, and ends with 0.
#
# The signal handler drains all sinks and prints the newest state, and then ends the process. But the
# batch that was being written is in no sink any more, and its writing does not go on. Whoever keeps that
# state, as in `tap | target >>states`, never gets these rows again.
#
# Output seen:
#   state: {"read": 99}
#   rows written: 0
#   exit code: 0
#
# Exits with 1 if the SDK does something else.
set -euo pipefail
home=$(mktemp -d)
trap 'rm -rf "$home"' EXIT
cd "$home"
"${PYTHON:-python3}" -m venv venv
venv/bin/python -m pip install -qq --disable-pip-version-check singer-sdk==0.54.9
cat >target.py <<'PYTHON'
import time
from pathlib import Path

from singer_sdk import BatchSink, Target


class Rows(BatchSink):
    max_size = 100

    def process_batch(self, context):
        rows = context.get("records", ())
        if rows:
            Path("is_writing").touch()
            time.sleep(3)  # as a database that takes its time
            Path("rows").write_text("".join(f"{row['id']}\n" for row in rows))


class Example(Target):
    name = "target-example"
    config_jsonschema = {"properties": {}}
    default_sink_class = Rows


Example.cli()
PYTHON
venv/bin/python - <<'PYTHON' | tee output
import json
import signal
import subprocess
import sys
import time
from pathlib import Path

PROPERTIES = {"id": {"type": "integer"}}
with Path("log").open("w") as log:
    target = subprocess.Popen(
        [sys.executable, "target.py"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log
    )


def send(kind, **message):
    target.stdin.write(json.dumps({"type": kind, **message}).encode() + b"\n")
    target.stdin.flush()


send("SCHEMA", stream="rows", schema={"properties": PROPERTIES}, key_properties=["id"])
for number in range(1, 101):
    send("RECORD", stream="rows", record={"id": number})
    if number == 99:
        send("STATE", value={"read": number})
while not Path("is_writing").exists():
    time.sleep(0.05)
target.send_signal(signal.SIGTERM)
states, _ = target.communicate(timeout=60)
rows = Path("rows")
print("state:", states.decode().strip())
print("rows written:", len(rows.read_text().split()) if rows.exists() else 0)
print("exit code:", target.returncode)
PYTHON
diff output - <<'SEEN'
state: {"read": 99}
rows written: 0
exit code: 0
SEEN
