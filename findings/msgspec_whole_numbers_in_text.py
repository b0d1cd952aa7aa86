"""msgspec reads a whole number with a decimal point in a text as another number.

With ``strict=False``, msgspec 0.23.0 converts the text ``9007199254740993.0`` to the integer
9007199254740992, without an error, because it goes through a float. It converts
``9007199254740993`` correctly. So `tap_akeneo.conformance` uses `decimal` for numbers in texts.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

PACKAGE = "msgspec==0.23.0"
PROGRAM = """
import msgspec
print("version:", msgspec.__version__)
for text in ("9007199254740993", "9007199254740993.0"):
    print(text, "->", msgspec.convert(text, int, strict=False))
"""
EXPECTED = """version: 0.23.0
9007199254740993 -> 9007199254740993
9007199254740993.0 -> 9007199254740992
"""


def main() -> int:
    """Run the program with the pinned package, and compare its output."""
    with tempfile.TemporaryDirectory() as folder:
        install = [sys.executable, "-m", "pip", "install", "-qq", "--target", folder, PACKAGE]
        subprocess.run(install, check=True)  # noqa: S603 (our own arguments)
        output = subprocess.run(  # noqa: S603 (our own arguments)
            [sys.executable, "-c", PROGRAM],
            cwd=Path(folder),
            check=True,
            capture_output=True,
            text=True,
        ).stdout
    sys.stdout.write(f"{output}right: 9007199254740993.0 -> 9007199254740993\n")
    return int(output != EXPECTED)


if __name__ == "__main__":
    sys.exit(main())
