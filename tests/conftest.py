"""Simulated PIMs and a database for the tests, and a check that no test prints secrets."""

from __future__ import annotations

import logging
import re
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, Protocol

import hypothesis
import pytest

from pim_simulator import SimulatedPim, serve
from tests.leaks import leaks
from tests.targets.postgres import NotInstalled, serving

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from tests.targets.postgres import Postgres

# Property-based tests have no time limit, and failures are reproducible.
hypothesis.settings.register_profile("repeatable", deadline=None, derandomize=True)
hypothesis.settings.load_profile("repeatable")

PROFILES = ("pim-3", "ce-4", "ce-5", "ce-6", "ce-7", "ee-7", "saas")


class StartPim(Protocol):
    """Starts a simulated PIM that is served until the test ends."""

    def __call__(self, profile: str = ..., **options: Any) -> SimulatedPim: ...


@pytest.fixture
def start_pim() -> Iterator[StartPim]:
    """A function that starts a PIM for one test, which may modify it."""
    with ExitStack() as served:

        def start(profile: str = "ce-7", **options: Any) -> SimulatedPim:
            pim = SimulatedPim(profile=profile, **{"seed": 1, "products": 60, **options})
            served.enter_context(serve(pim))
            return pim

        yield start


@pytest.fixture(scope="session", params=PROFILES)
def any_pim(request: pytest.FixtureRequest) -> Iterator[SimulatedPim]:
    """A PIM of each version, shared by tests that do not modify it."""
    pim = SimulatedPim(profile=request.param, seed=1, products=250)
    with serve(pim):
        yield pim


@pytest.hookimpl(wrapper=True, trylast=True)
def pytest_runtest_call() -> Generator[None, object, object]:
    """Restore the log after each test, because the command line adds handlers and filters."""
    root = logging.getLogger()
    level, handlers = root.level, [(one, one.filters[:]) for one in root.handlers]
    try:
        return (yield)
    finally:
        root.setLevel(level)
        root.handlers[:] = [one for one, _ in handlers]
        for one, filters in handlers:
            one.filters[:] = filters


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Fail each test whose output or log contains a secret, or an error that nobody expected."""
    report = yield
    # The last report of a test contains all of its output.
    output = "\n".join(text for _, text in report.sections)
    if report.when == "teardown" and (found := leaks(output)):
        report.outcome, report.longrepr = "failed", f"There are secrets in the output: {found}"
    is_clean = not re.search(r"\w: unexpected \w+ at ", output)
    if report.when == "teardown" and not (is_clean or item.get_closest_marker("unexpected_errors")):
        report.outcome, report.longrepr = "failed", "The log has an unexpected error of the tap"
    return report


@pytest.fixture(scope="module")
def postgres() -> Iterator[Postgres]:
    """A PostgreSQL server, for the tests of one file."""
    try:
        with serving() as server:
            yield server
    except NotInstalled as missing:
        pytest.fail(str(missing))
