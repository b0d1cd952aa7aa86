"""The orchestrators, each of which is started with its recipe and used over its API."""

from __future__ import annotations

import shutil
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar

import requests
from typing_extensions import override

from tests.docs.tables import DOCS, ROOT

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

RECIPES = ROOT / "examples"
JOB = "akeneo"
"""Name of the DAG, the job and the flow."""


class Orchestrator(ABC):
    """A local installation of an orchestrator.

    Attributes:
        recipe: Name of its file in `examples/`.
        requirements: What to install.
        succeeded: Its word for the state of a run that succeeded.
        retries_a_crash: Whether it retries a run whose process was killed.

    Args:
        home: Its own folder, which is empty. It gets a copy of the recipe.
        port: Port of its API.
    """

    recipe: ClassVar[str]
    requirements: ClassVar[tuple[str, ...]]
    succeeded: ClassVar[str]
    retries_a_crash: ClassVar[bool] = True

    def __init__(self, home: Path, port: int) -> None:
        self.home = home
        self.port = port
        self.file = home / "recipe" / self.recipe
        self.file.parent.mkdir()
        shutil.copy(RECIPES / self.recipe, self.file)
        self._api = requests.Session()
        self._last_run = ""

    @property
    @abstractmethod
    def variables(self) -> Mapping[str, str]:
        """Environment variables of its processes."""

    @property
    @abstractmethod
    def commands(self) -> Sequence[Sequence[str]]:
        """The commands of its servers. Each is started when the one before accepts connections."""

    def responds(self) -> bool:
        """Return whether its server accepts requests."""
        return self._api.get(f"http://127.0.0.1:{self.port}/", timeout=60).status_code > 0

    @abstractmethod
    def is_ready(self) -> bool:
        """Return whether it has loaded the recipe."""

    @abstractmethod
    def start_run(self) -> None:
        """Start a run, as a user does on its pages."""

    @abstractmethod
    def cancel_run(self) -> None:
        """End all runs, as a user does on its pages."""

    @abstractmethod
    def states(self) -> list[str]:
        """Return the states of all runs."""

    def _ask(self, method: str, path: str, **options: Any) -> Any:
        url = f"http://127.0.0.1:{self.port}{path}"
        response = self._api.request(method, url, timeout=60, **options)
        response.raise_for_status()
        return response.json() if response.content else None


class Airflow(Orchestrator):
    """Airflow with its scheduler, and a process for each task."""

    recipe = "airflow_dag.py"
    requirements = ("apache-airflow==3.3.2",)
    succeeded = "success"

    @property
    @override
    def variables(self) -> Mapping[str, str]:
        return {
            "AIRFLOW_HOME": str(self.home),
            "AIRFLOW__API__PORT": str(self.port),
            "AIRFLOW__API__HOST": "127.0.0.1",
            "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"http://127.0.0.1:{self.port}/execution/",
            "AIRFLOW__CORE__LOAD_EXAMPLES": "false",
            "AIRFLOW__CORE__DAGS_FOLDER": str(self.file.parent),
            "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS": "true",
            "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "false",
        }

    @property
    @override
    def commands(self) -> Sequence[Sequence[str]]:
        return (("airflow", "standalone"),)

    @override
    def is_ready(self) -> bool:
        token = self._ask("GET", "/auth/token")["access_token"]
        self._api.headers["Authorization"] = f"Bearer {token}"
        dags = [dag["dag_id"] for dag in self._ask("GET", "/api/v2/dags")["dags"]]
        return JOB in dags

    @override
    def start_run(self) -> None:
        self._ask("PATCH", f"/api/v2/dags/{JOB}", json={"is_paused": False})
        self._ask("POST", f"/api/v2/dags/{JOB}/dagRuns", json={"logical_date": None})

    @override
    def cancel_run(self) -> None:
        # Airflow may also have started one by its schedule. Those that wait come first, so that
        # they do not start.
        for run in sorted(self._runs(), key=lambda run: str(run["state"])):
            if run["state"] in {"queued", "running"}:
                path = f"/api/v2/dags/{JOB}/dagRuns/{run['dag_run_id']}"
                self._ask("PATCH", path, json={"state": "failed"})

    @override
    def states(self) -> list[str]:
        return [run["state"] for run in self._runs()]

    def _runs(self) -> list[dict[str, Any]]:
        runs: list[dict[str, Any]] = self._ask("GET", f"/api/v2/dags/{JOB}/dagRuns")["dag_runs"]
        return runs


class Dagster(Orchestrator):
    """Dagster with its daemon, its web server and a process for each run."""

    recipe = "dagster_job.py"
    requirements = ("dagster==1.13.*", "dagster-webserver==1.13.*")
    succeeded = "SUCCESS"

    def __init__(self, home: Path, port: int) -> None:
        super().__init__(home, port)
        page = DOCS.joinpath("production.md").read_text(encoding="utf-8")
        settings = page.partition("`dagster.yaml`")[2].partition("```yaml\n")[2].partition("```")[0]
        home.joinpath("dagster.yaml").write_text(f"{settings}telemetry:\n  enabled: false\n")

    @property
    @override
    def variables(self) -> Mapping[str, str]:
        return {"DAGSTER_HOME": str(self.home)}

    @property
    @override
    def commands(self) -> Sequence[Sequence[str]]:
        options = ("--host=127.0.0.1", f"--port={self.port}", f"--python-file={self.file}")
        return (("dagster", "dev", *options),)

    @override
    def is_ready(self) -> bool:
        jobs = self._query(
            """{repositoriesOrError {... on RepositoryConnection {nodes {jobs {name}}}}}"""
        )
        return any(job["name"] == JOB for node in jobs["nodes"] for job in node["jobs"])

    @override
    def start_run(self) -> None:
        selector = {
            "repositoryLocationName": self.recipe,
            "repositoryName": "__repository__",
            "jobName": JOB,
        }
        started = self._query(
            """mutation Start($parameters: ExecutionParams!) {
                 launchRun(executionParams: $parameters) {
                   __typename
                   ... on LaunchRunSuccess {run {runId}}
                   ... on PythonError {message}
                 }
               }""",
            parameters={"selector": selector, "runConfigData": {}},
        )
        self._last_run = started["run"]["runId"]

    @override
    def cancel_run(self) -> None:
        self._query(
            """mutation Stop($run: String!) {terminateRun(runId: $run) {__typename}}""",
            run=self._last_run,
        )

    @override
    def states(self) -> list[str]:
        runs = self._query("{runsOrError {... on Runs {results {status}}}}")
        return [run["status"] for run in runs["results"]]

    def _query(self, text: str, **variables: Any) -> Any:
        answer = self._ask("POST", "/graphql", json={"query": text, "variables": variables})
        (result,) = answer["data"].values()
        return result


class Prefect(Orchestrator):
    """Prefect with its server, and a runner that starts a process for each run."""

    recipe = "prefect_flow.py"
    requirements = ("prefect==3.9.*",)
    succeeded = "COMPLETED"
    # The retries of its tasks are made by the process of the run.
    retries_a_crash = False

    @property
    @override
    def variables(self) -> Mapping[str, str]:
        return {
            "PREFECT_HOME": str(self.home),
            "PREFECT_API_URL": f"http://127.0.0.1:{self.port}/api",
            "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
            "DO_NOT_TRACK": "1",
        }

    @property
    @override
    def commands(self) -> Sequence[Sequence[str]]:
        server = ("prefect", "server", "start", "--host=127.0.0.1", f"--port={self.port}")
        return ((*server, "--no-ui"), ("python", str(self.file)))

    @override
    def is_ready(self) -> bool:
        return bool(self._deployment())

    @override
    def start_run(self) -> None:
        path = f"/api/deployments/{self._deployment()}/create_flow_run"
        self._last_run = self._ask("POST", path, json={})["id"]
        self._set_state("SCHEDULED")

    @override
    def cancel_run(self) -> None:
        self._set_state("CANCELLING")

    @override
    def states(self) -> list[str]:
        runs = self._ask("POST", "/api/flow_runs/filter", json={})
        return [run["state"]["type"] for run in runs]

    def _set_state(self, state: str) -> None:
        path = f"/api/flow_runs/{self._last_run}/set_state"
        self._ask("POST", path, json={"state": {"type": state}})

    def _deployment(self) -> str:
        return str(self._ask("GET", f"/api/deployments/name/{JOB}/hourly")["id"])


ORCHESTRATORS: dict[str, type[Orchestrator]] = {
    "airflow": Airflow,
    "dagster": Dagster,
    "prefect": Prefect,
}
