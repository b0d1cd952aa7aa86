#!/usr/bin/env bash
# Dagster 1.13.29: an op with a RetryPolicy starts again after Ctrl-C, or after a user has ended its run.
#
# The interruption counts as a failure that the policy retries, so the first Ctrl-C does not end the run:
# the op begins anew, after the delay of the policy. Ending a run on Dagster's pages interrupts it in the
# same way; the run then stays "Canceling" and works on. An op that raises `RetryRequested` itself where
# its work fails ends at once.
#
# Output seen:
#   with a RetryPolicy: attempts: 2, exit code: 0
#   with RetryRequested: attempts: 1, exit code: 1
#
# Exits with 1 if Dagster does something else.
set -euo pipefail
home=$(mktemp -d)
trap 'rm -rf "$home"' EXIT
cd "$home"
"${PYTHON:-python3}" -m venv venv
venv/bin/python -m pip install -qq --disable-pip-version-check dagster==1.13.29
cat >jobs.py <<'PYTHON'
import time

from dagster import RetryPolicy, RetryRequested, in_process_executor, job, op


def work(context):
    with open("started", "a") as file:
        file.write("x")
    if context.retry_number == 0:
        time.sleep(60)


@op(retry_policy=RetryPolicy(max_retries=1))
def by_policy(context):
    work(context)


@op
def by_request(context):
    try:
        work(context)
    except Exception:
        raise RetryRequested(max_retries=1)


@job(executor_def=in_process_executor)
def policy():
    by_policy()


@job(executor_def=in_process_executor)
def request():
    by_request()
PYTHON
cat >interrupt.py <<'PYTHON'
import os
import signal
import subprocess
import sys
import time

command = ["venv/bin/dagster", "job", "execute", "-f", "jobs.py", "-a", sys.argv[1]]
run = subprocess.Popen(command, stderr=subprocess.DEVNULL)
while not os.path.exists("started") and run.poll() is None:
    time.sleep(0.1)
run.send_signal(signal.SIGINT)
code = run.wait()
with open("started") as file:
    print(f"attempts: {len(file.read())}, exit code: {code}")
os.remove("started")
PYTHON
export DAGSTER_HOME=$home
echo 'telemetry: {enabled: false}' >dagster.yaml
{
    echo "with a RetryPolicy: $(venv/bin/python interrupt.py policy)"
    echo "with RetryRequested: $(venv/bin/python interrupt.py request)"
} | tee output
diff output - <<'SEEN'
with a RetryPolicy: attempts: 2, exit code: 0
with RetryRequested: attempts: 1, exit code: 1
SEEN
