"""An Airflow DAG that runs Meltano every hour; docs/production.md explains it."""

# ruff: noqa: INP001 (a single file to copy, not a package)

from datetime import datetime, timedelta, timezone

from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG

with DAG(
    "akeneo",
    schedule="5 * * * *",
    start_date=datetime(2026, 1, 1, tzinfo=timezone.utc),
    catchup=False,
    max_active_runs=1,
):
    BashOperator(
        task_id="load",
        # One command, not a pipe: Meltano keeps the state, and fails if the tap or the loader does.
        bash_command="exec meltano --environment=prod run tap-akeneo target-postgres",
        # The last line of the output is no result.
        do_xcom_push=False,
        retries=2,
        # Six minutes, because Meltano starts no run for five minutes after one that was killed.
        retry_delay=timedelta(minutes=6),
    )
