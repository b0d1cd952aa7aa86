"""A Dagster job that runs Meltano every hour; docs/production.md explains it."""

# ruff: noqa: INP001 (a single file to copy, not a package)

import subprocess

from dagster import (
    Definitions,
    OpExecutionContext,
    RetryRequested,
    ScheduleDefinition,
    in_process_executor,
    job,
    op,
)

MELTANO = ("meltano", "--environment=prod", "run", "tap-akeneo", "target-postgres")


@op
def load(context: OpExecutionContext) -> None:
    """Run Meltano, and write its log to the log of the op."""
    with subprocess.Popen(  # noqa: S603
        MELTANO,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        start_new_session=True,  # so that Ctrl-C reaches this process first
    ) as meltano:
        try:
            for line in meltano.stdout:
                context.log.info(line.rstrip())
        except BaseException:
            # If Dagster ends the run, Meltano must not go on loading. Its output ends when the tap
            # and the loader have ended.
            meltano.terminate()
            for line in meltano.stdout:
                context.log.info(line.rstrip())
            raise
    if meltano.returncode:
        # Not a `RetryPolicy`, which also retries a run that a user ends. Six minutes, because
        # Meltano starts no run for five minutes after one that was killed.
        raise RetryRequested(max_retries=2, seconds_to_wait=360)


# The tag lets Dagster start one run at a time: see `dagster.yaml` on that page.
@job(executor_def=in_process_executor, tags={"state": "tap-akeneo"})
def akeneo() -> None:
    """Load what has changed in the PIM."""
    load()


defs = Definitions(schedules=[ScheduleDefinition(job=akeneo, cron_schedule="5 * * * *")])
