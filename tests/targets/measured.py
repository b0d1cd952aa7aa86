"""Runs a command and writes its processor seconds and its peak memory to a file.

The system counts the memory of a process from the fork on. So this is a small process of its own,
and does not import anything that it does not need.

    python -IS measured.py RESULT SECONDS COMMAND ...
"""

import json
import os
import signal
import sys

result, limit, *command = sys.argv[1:]
child = os.fork()
if not child:
    # The alarm outlives the change to another program and ends it.
    signal.alarm(int(limit))
    os.execv(command[0], command)  # noqa: S606 (a loader that we installed)
_, status, used = os.wait4(child, 0)
with open(result, "w") as file:  # noqa: PTH123 (without imports; only ASCII)
    json.dump([used.ru_utime + used.ru_stime, used.ru_maxrss], file)
sys.exit(1 if status else 0)
