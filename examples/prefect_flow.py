"""A Prefect flow that runs Meltano every hour; docs/production.md explains it."""

# ruff: noqa: INP001 (a single file to copy, not a package)

import subprocess

from prefect import flow, task

MELTANO = ("meltano", "--environment=prod", "run", "tap-akeneo", "target-postgres")


# Six minutes, because Meltano starts no run for five minutes after one that was killed.
@task(retries=2, retry_delay_seconds=360, log_prints=True)
def load() -> None:
    """Run Meltano, and write its log to the log of the task."""
    with subprocess.Popen(  # noqa: S603
        MELTANO,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        start_new_session=True,  # so that Ctrl-C reaches this process first
    ) as meltano:
        try:
            for line in meltano.stdout:
                print(line.rstrip())  # noqa: T201
        except BaseException:
            # If Prefect cancels the run, Meltano must not go on loading. Its output ends when the
            # tap and the loader have ended.
            meltano.terminate()
            for line in meltano.stdout:
                print(line.rstrip())  # noqa: T201
            raise
    if meltano.returncode:
        raise subprocess.CalledProcessError(meltano.returncode, MELTANO)


@flow
def akeneo() -> None:
    """Load what has changed in the PIM."""
    load()


if __name__ == "__main__":
    # One run at a time.
    akeneo.serve(name="hourly", cron="5 * * * *", limit=1)
