"""A Dagster job that reads a year of an Akeneo PIM in twelve bounded runs of Meltano.

Run it in the folder of the Meltano project; docs/backfill.md explains it:

    BACKFILL_FROM=2024-03 dagster job execute -f backfill_dagster.py
"""

# ruff: noqa: INP001 (a single file to copy, not a package)

import os
import subprocess
from datetime import date

from dagster import (
    In,
    Nothing,
    OpDefinition,
    OpExecutionContext,
    RetryRequested,
    job,
    multiprocess_executor,
    op,
)

EXTRACTOR, LOADER = "tap-akeneo", "target-postgres"
STATE_ID = f"prod:{EXTRACTOR}-to-{LOADER}"
"""State ID of the hourly run, `meltano run tap-akeneo target-postgres`."""

STREAMS = ("products", "product_models")
"""Streams that the PIM can filter by an end date. The hourly run reads all others."""

CONNECTIONS = (1, 2, 3)
"""Connections in the PIM. Their credentials are in BACKFILL_1_CLIENT_ID and so on."""

REQUESTS_AT_ONCE = 3
"""Parallel requests of each run. The PIM allows 4 per connection and 10 in total."""

RETRIES, WAIT_SECONDS = 2, 360
"""Meltano starts no run for five minutes after one with the same state ID that was killed."""


def first_of(months: int) -> date:
    """Return the first day of a month, counted from the first month of the backfill."""
    year, month = map(int, os.environ["BACKFILL_FROM"].split("-"))
    years, month = divmod(month - 1 + months, 12)
    return date(year + years, month + 1, 1)


def state_id(month: int) -> str:
    """Return the state ID of a month."""
    return f"{STATE_ID}:{first_of(month):%Y-%m}"


def meltano(context: OpExecutionContext, *arguments: str, **settings: object) -> None:
    """Run Meltano, and write its log to the log of the op."""
    variables = {f"TAP_AKENEO_{name.upper()}": str(value) for name, value in settings.items()}
    command = ("meltano", "--environment=prod", *arguments)
    with subprocess.Popen(  # noqa: S603
        command,
        env={**os.environ, **variables},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        start_new_session=True,  # so that Ctrl-C reaches this process first
    ) as process:
        try:
            log = process.stdout.read()
        except BaseException:
            # If Dagster ends the run, Meltano must not go on loading. Its output ends when the tap
            # and the loader have ended.
            process.terminate()
            process.stdout.read()
            raise
    context.log.info(log)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)


def read(month: int, connection: int) -> OpDefinition:
    """Return the op that reads one month through one connection."""

    @op(name=f"month_{month + 1:02}", ins={"after": In(Nothing)})
    def read_month(context: OpExecutionContext) -> None:
        of_connection = {
            name: os.environ[f"BACKFILL_{connection}_{name.upper()}"]
            for name in ("client_id", "client_secret", "username", "password")
        }
        # Not `meltano run`, because its parallel runs share one state file, so one run would get
        # the bookmarks of another.
        try:
            meltano(
                context,
                *("el", EXTRACTOR, LOADER, f"--state-id={state_id(month)}"),
                *(f"--select={stream}" for stream in STREAMS),
                **of_connection,
                start_date=first_of(month),
                end_date=first_of(month + 1),
                max_concurrency=REQUESTS_AT_ONCE,
            )
        except subprocess.CalledProcessError as error:
            # Not a `RetryPolicy`, which also retries a run that a user ends.
            raise RetryRequested(RETRIES, WAIT_SECONDS) from error

    return read_month


@op(ins={"after": In(Nothing)})
def hand_over(context: OpExecutionContext) -> None:
    """Merge the last month's state into that of the hourly run, so that it continues from there."""
    meltano(context, "state", "merge", f"--from-state-id={state_id(11)}", STATE_ID)


@job(executor_def=multiprocess_executor.configured({"max_concurrent": len(CONNECTIONS)}))
def backfill() -> None:
    """Read the first month, which creates the tables, and then the others in parallel."""
    made = read(0, CONNECTIONS[0])()
    ends = []
    share = 12 // len(CONNECTIONS)
    for number, connection in enumerate(CONNECTIONS):
        done = made
        # Consecutive months: neighbours share a second, and two parallel runs that insert the same
        # row would disturb each other.
        for month in range(number * share, (number + 1) * share):
            if month > 0:
                done = read(month, connection)(after=done)
        ends.append(done)
    hand_over(after=ends)
