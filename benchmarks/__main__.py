"""Run the benchmarks: ``python -m benchmarks``."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from benchmarks.report import (
    Results,
    as_json,
    batch_table,
    machine,
    overview,
    promise_table,
    promises,
    table,
)
from benchmarks.runner import (
    Contest,
    Measured,
    Server,
    WrongResult,
    installed,
    seconds_to_import_sdk,
)
from benchmarks.scenarios import ALL, OTHERS, SCENARIOS


def _arguments(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description="Measure the tap beside others that read the same simulated PIM.",
        epilog="The others: python -m venv OTHERS, OTHERS/bin/pip install -r "
        "benchmarks/requirements.txt, then --others-python OTHERS/bin/python.",
    )
    names = [scenario.name for scenario in SCENARIOS]
    parser.add_argument(
        "--scenario", action="append", choices=names, help="only this one; may be repeated"
    )
    parser.add_argument(
        "--reader", action="append", choices=ALL, help="only this one; may be repeated"
    )
    parser.add_argument(
        "--quick", action="store_true", help="small sizes, to see whether everything works"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures to a file")
    parser.add_argument(
        "--others-python",
        default=sys.executable,
        metavar="PYTHON",
        help="the interpreter that has dlt, pyakeneo and airbyte-cdk (default: this one)",
    )
    return parser.parse_args(arguments)


def main(arguments: list[str] | None = None) -> int:
    """Run the benchmarks; return 1 if a reader failed or the tap did not keep a promise."""
    options = _arguments(arguments)
    chosen = [one for one in SCENARIOS if not options.scenario or one.name in options.scenario]
    if options.quick:
        chosen = [scenario.quick() for scenario in chosen]
    readers = _readers(options)
    _say(f"`{machine()}`\n")
    sdk_import = seconds_to_import_sdk()
    results: Results = {}
    failed = False
    with Server() as server:
        for scenario in chosen:
            contest = Contest(server, scenario, options.others_python)
            taking_part = [name for name in readers if name in scenario.contestants]
            results[scenario.name], all_right = _run(contest, taking_part)
            failed = failed or not all_right
            if results[scenario.name]:
                _say(table(scenario, results[scenario.name]) + "\n")
    scenarios = {scenario.name: scenario for scenario in chosen}
    # Quick runs are too short to say anything about time and memory.
    kept = [] if options.quick else promises(scenarios, results, sdk_import)
    _say(overview(scenarios, results) + "\n")
    if batches := batch_table(scenarios, results):
        _say(batches + "\n")
    if kept:
        _say(promise_table(kept))
    if options.json:
        content = json.dumps(as_json(scenarios, results, kept, sdk_import), indent=2)
        options.json.write_text(content + "\n", encoding="utf-8")
    return int(failed or not all(promise.kept for promise in kept))


def _readers(options: argparse.Namespace) -> list[str]:
    readers = [name for name in ALL if not options.reader or name in options.reader]
    for name, module in OTHERS.items():
        if name in readers and not installed(module, options.others_python):
            _tell(f"{name} is skipped: not installed in {options.others_python}.")
            readers.remove(name)
    return readers


def _run(contest: Contest, readers: list[str]) -> tuple[list[Measured], bool]:
    """Return the measurements, and whether every reader delivered all items."""
    measured: list[Measured] = []
    for name in readers:
        _tell(f"{contest.scenario.name}: {name} ...")
        try:
            measured.append(contest.run(name))
        except WrongResult as wrong:
            _tell(f"{contest.scenario.name}: {wrong}")
    return measured, len(measured) == len(readers)


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def _tell(text: str) -> None:
    sys.stderr.write(text + "\n")


if __name__ == "__main__":
    sys.exit(main())
