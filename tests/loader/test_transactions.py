"""What a printed state covers is in the database, whenever the loader is stopped."""

from __future__ import annotations

import ast
import fcntl
import json
import random
import re
import signal
import subprocess
import termios
import time
from itertools import count
from pathlib import Path
from select import select
from typing import TYPE_CHECKING

import pytest

from tests.loader.support import INTEGER, OBJECT, lines, program, record, schema, state
from tests.support import started

if TYPE_CHECKING:
    from tests.loader.support import Database, Message

ROWS = 4_000
EACH = 100
"""Rows between two states."""

NUMBERED = schema("numbered", code=INTEGER, nested=OBJECT)
KEYLESS = schema("keyless", keys=(), number=INTEGER)
PADDING = {"text": [f"{number * 7919:x}" for number in range(700)]}


def messages(start: int) -> list[Message]:
    """Return the messages for the rows from a position, which the states contain."""
    found = [NUMBERED, KEYLESS]
    for number in range(start, ROWS):
        found.append(record("numbered", code=number, nested=PADDING))
        found.append(record("keyless", number=number))
        if not (number + 1) % EACH:
            found.append(state({"position": number + 1}))
    return found


def numbers(database: Database, query: str) -> list[int]:
    """Query with the loader's DuckDB, which can read what a killed loader has left."""
    code = "import duckdb, sys; print(duckdb.connect(sys.argv[1]).sql(sys.argv[2]).fetchall())"
    command = [program("python"), "-c", code, str(database.path), query]
    output = subprocess.check_output(command, text=True)  # noqa: S603
    return [number for (number,) in ast.literal_eval(output)]


def test_a_killed_loader_loses_and_duplicates_nothing(database: Database) -> None:
    chance = random.Random(7)  # noqa: S311 (not for secrets)
    position = kills = 0
    while kills < 12:
        wanted, pause = chance.randrange(3), chance.uniform(0, 0.15)
        printed, ended = interrupted(database, position, wanted, pause, signal.SIGKILL)
        position = printed or position
        kills += not ended
        if database.path.exists() and position:
            there = numbers(database, f"select code from numbered where code < {position}")  # noqa: S608
            assert sorted(there) == list(range(position))
        if ended and position == ROWS:
            position = 0
    database.load(*messages(position))
    assert sorted(numbers(database, "select code from numbered")) == list(range(ROWS))
    assert set(numbers(database, "select number from keyless")) == set(range(ROWS))
    assert [path.name for path in database.folder.glob("*.pieces")] == []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("states", [0, 1, 3])
def test_a_signal_at_any_moment_loses_nothing(
    database: Database, number: signal.Signals, states: int
) -> None:
    printed, _ = interrupted(database, 0, states, 0.02 * states, number)
    if database.path.exists():
        there = numbers(database, "select code from numbered") if printed else []
        assert set(range(printed)) <= set(there)
    database.load(*messages(printed))
    assert sorted(numbers(database, "select code from numbered")) == list(range(ROWS))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_input_and_all_that_was_read_is_written(
    database: Database, number: signal.Signals
) -> None:
    with started(
        database.command(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdin
        assert process.stdout
        assert process.stderr
        whole = lines([NUMBERED, record("numbered", code=1), state(1), record("numbered", code=2)])
        process.stdin.write(whole + b'{"type":"RECORD","stream":"numb')
        process.stdin.flush()
        while fcntl.ioctl(process.stdin, termios.FIONREAD, bytes(4)) != bytes(4):
            time.sleep(0.01)
        process.send_signal(number)
        # The tap still has the other end of the pipe.
        assert process.stdout.read() == b"1\n"
        assert process.stderr.read() == b"Loaded 2 rows into numbered\n"
    assert process.returncode == 128 + number
    assert sorted(numbers(database, "select code from numbered")) == [1, 2]
    assert [path.name for path in database.folder.glob("*.pieces")] == []


def test_a_state_waits_for_the_rows_before_it(database: Database) -> None:
    with started(
        database.command(batch_wait_limit_seconds=1),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdin
        assert process.stdout
        process.stdin.write(lines([NUMBERED]))
        # It writes at the first state that comes later than the limit.
        for number in count(1):
            process.stdin.write(lines([record("numbered", code=number), state(number)]))
            process.stdin.flush()
            if select([process.stdout], [], [], 0.2)[0]:
                break
        saved = int(process.stdout.readline())
        process.kill()
    assert set(range(1, saved + 1)) <= set(numbers(database, "select code from numbered"))


def listens(process: int) -> bool:
    """Return whether the loader handles signals. Before that, Python alone decides how it ends."""
    status = Path(f"/proc/{process}/status").read_text(encoding="utf-8")
    (caught,) = re.findall(r"^SigCgt:\s*(\w+)$", status, re.MULTILINE)
    # Python itself handles SIGINT, and the loader sets SIGTERM last.
    return bool(int(caught, 16) >> signal.SIGTERM - 1 & 1)


def interrupted(
    database: Database, start: int, states: int, pause: float, number: signal.Signals
) -> tuple[int, bool]:
    """Send a signal to the loader a moment after some states.

    Returns:
        The position of the last state, or 0, and whether the loader had ended before.
    """
    feed = database.folder / "feed"
    feed.write_bytes(lines(messages(start)))
    with (
        feed.open("rb") as source,
        started(
            database.command(batch_size_mb=1),
            stdin=source,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        ) as process,
    ):
        assert process.stdout
        while number != signal.SIGKILL and process.poll() is None and not listens(process.pid):
            time.sleep(0.001)
        output = b"".join(process.stdout.readline() for _ in range(states))
        time.sleep(pause)
        process.send_signal(number)
        rest, log = process.communicate()
    assert all(re.fullmatch(rb"Loaded \d+ rows into \w+", line) for line in log.splitlines())
    # After its last step, Python ends it.
    assert process.returncode in {0, -number, 128 + number}
    whole = [line for line in (output + rest).splitlines(keepends=True) if line.endswith(b"\n")]
    last = json.loads(whole[-1])["position"] if whole else 0
    return last, process.returncode == 0
