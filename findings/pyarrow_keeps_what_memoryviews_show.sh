#!/usr/bin/env bash
# pyarrow 26.0.1: an array made of memoryviews keeps the objects behind them in memory for ever.
#
# `pa.array` takes any object that shows bytes, and copies them. It releases those of `bytes`, but not
# those of a memoryview, not even when array and memoryview are gone. So a program that hands over views
# of what it received, to save a copy, keeps all that it ever received.
#
# A bytearray shows it, because it cannot grow while somebody looks at its content.
#
# Output seen:
#   bytes: grows
#   memoryview: BufferError: Existing exports of data: object cannot be re-sized
#
# Exits with 1 if pyarrow does something else.
set -euo pipefail
home=$(mktemp -d)
trap 'rm -rf "$home"' EXIT
cd "$home"
"${PYTHON:-python3}" -m venv venv
venv/bin/python -m pip install -qq --disable-pip-version-check pyarrow==26.0.1
venv/bin/python - <<'PYTHON' | tee output
import gc

import pyarrow as pa

for view in (bytes, memoryview):
    content = bytearray(b"x")
    shown = view(content)
    array = pa.array([shown], pa.binary())
    del shown, array
    gc.collect()
    try:
        content.append(1)
        print(f"{view.__name__}: grows")
    except BufferError as error:
        print(f"{view.__name__}: BufferError: {error}")
PYTHON
diff output - <<'SEEN'
bytes: grows
memoryview: BufferError: Existing exports of data: object cannot be re-sized
SEEN
