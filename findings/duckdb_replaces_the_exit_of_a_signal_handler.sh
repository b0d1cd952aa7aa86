#!/usr/bin/env bash
# DuckDB 2.0.1: `sys.exit` in a signal handler becomes `RuntimeError: Query interrupted` if
# the signal arrives during a query.
#
# A Python program that ends itself on SIGTERM with an exit code of its own, as loaders do, ends with a
# traceback and exit code 1 instead, and only if it was in a query. The SystemExit is not even the
# cause or the context of the error.
#
# Output seen:
#   in Python: SystemExit 143, context None
#   in a query: RuntimeError Query interrupted, context None
#
# Exits with 1 if DuckDB does something else.
set -euo pipefail
home=$(mktemp -d)
trap 'rm -rf "$home"' EXIT
cd "$home"
"${PYTHON:-python3}" -m venv venv
venv/bin/python -m pip install -qq --disable-pip-version-check duckdb==2.0.1
venv/bin/python - <<'PYTHON' | tee output
import signal
import sys
import time

import duckdb

signal.signal(signal.SIGALRM, lambda *_: sys.exit(143))
connection = duckdb.connect()
counting = "select count(*) from range(100_000_000_000) where range % 7 = 3"
for where, work in (
    ("in Python", lambda: time.sleep(60)),
    ("in a query", lambda: connection.execute(counting).fetchall()),
):
    signal.setitimer(signal.ITIMER_REAL, 0.5)
    try:
        work()
    except BaseException as error:
        print(f"{where}: {type(error).__name__} {error}, context {error.__context__}")
PYTHON
diff output - <<'SEEN'
in Python: SystemExit 143, context None
in a query: RuntimeError Query interrupted, context None
SEEN
