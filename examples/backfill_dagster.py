"""A year of an Akeneo PIM in twelve bounded runs of Meltano, several at a time: a Dagster job.

In the folder of the Meltano project, as docs/backfill.md tells:

    BACKFILL_FROM=2024-03 dagster job execute -f backfill_dagster.py
"""

# ruff: noqa: INP001 (a file to take away, not a package)

import os
import subprocess
from datetime import date

from dagster import (
    In,
    Nothing,
    OpDefinition,
    OpExecutionContext,
    RetryPolicy,
    job,
    multiprocess_executor,
    op,
)

EXTRACTOR, LOADER = "tap-akeneo", "target-postgres"
STATE_ID = f"prod:{EXTRACTOR}-to-{LOADER}"
"""Of the hourly run, `meltano run tap-akeneo target-postgres`."""

STREAMS = ("products", "product_models")
"""What the PIM can bound at both ends. The hourly run reads all others."""

CONNECTIONS = (1, 2, 3)
"""Connections in the PIM; BACKFILL_1_CLIENT_ID and so on hold their credentials."""

REQUESTS_AT_ONCE = 3
"""Of each run. The PIM allows 4 for each connection, and 10 in all."""

ANOTHER_TRY = RetryPolicy(max_retries=2, delay=30)


def first_of(months: int) -> date:
    """The first day of a month, counted from the first one that is read."""
    year, month = map(int, os.environ["BACKFILL_FROM"].split("-"))
    years, month = divmod(month - 1 + months, 12)
    return date(year + years, month + 1, 1)


def state_id(month: int) -> str:
    """Where the bookmarks of a month are kept."""
    return f"{STATE_ID}:{first_of(month):%Y-%m}"


def meltano(context: OpExecutionContext, *arguments: str, **settings: object) -> None:
    """Runs Meltano; its log becomes that of the op."""
    variables = {f"TAP_AKENEO_{name.upper()}": str(value) for name, value in settings.items()}
    ended = subprocess.run(  # noqa: S603
        ["meltano", "--environment=prod", *arguments],  # noqa: S607
        env={**os.environ, **variables},
        check=False,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
    )
    context.log.info(ended.stdout)
    ended.check_returncode()


def read(month: int, connection: int) -> OpDefinition:
    """The run of one month, over one connection."""

    @op(name=f"month_{month + 1:02}", ins={"after": In(Nothing)}, retry_policy=ANOTHER_TRY)
    def read_month(context: OpExecutionContext) -> None:
        of_connection = {
            name: os.environ[f"BACKFILL_{connection}_{name.upper()}"]
            for name in ("client_id", "client_secret", "username", "password")
        }
        # Not `meltano run`: its runs share one file for the state, so that of several at a time
        # one gets the bookmarks of another.
        meltano(
            context,
            *("el", EXTRACTOR, LOADER, f"--state-id={state_id(month)}"),
            *(f"--select={stream}" for stream in STREAMS),
            **of_connection,
            start_date=first_of(month),
            end_date=first_of(month + 1),
            lookback_seconds=0,
            max_concurrency=REQUESTS_AT_ONCE,
        )

    return read_month


@op(ins={"after": In(Nothing)})
def hand_over(context: OpExecutionContext) -> None:
    """Lets the hourly run go on from the end of the last month."""
    meltano(context, "state", "merge", f"--from-state-id={state_id(11)}", STATE_ID)


@job(executor_def=multiprocess_executor.configured({"max_concurrent": len(CONNECTIONS)}))
def backfill() -> None:
    """The first month makes the tables, the others follow over one connection each."""
    made = read(0, CONNECTIONS[0])()
    ends = []
    share = 12 // len(CONNECTIONS)
    for number, connection in enumerate(CONNECTIONS):
        done = made
        # Months that follow each other: neighbours share a second, and two runs that insert the
        # same row at once would be in each other's way.
        for month in range(number * share, (number + 1) * share):
            if month > 0:
                done = read(month, connection)(after=done)
        ends.append(done)
    hand_over(after=ends)
