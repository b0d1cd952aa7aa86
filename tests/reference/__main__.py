"""Print how the project differs from a description of the API, and write the table of that.

Download Akeneo's OpenAPI document of SaaS, and run `python -m tests.reference FILE --save`. Without
a file, the facts that are checked in are compared.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from tests.reference.compare import differences
from tests.reference.facts import facts_of, load, save
from tests.reference.reasons import reason_for, table

TABLE = Path(__file__).parent / "saas.md"


def main() -> int:
    """Compare, and return the exit code: 1 if something has no reason."""
    parser = argparse.ArgumentParser(prog="python -m tests.reference", description=__doc__)
    parser.add_argument("file", nargs="?", type=Path, help="an OpenAPI or Swagger document")
    parser.add_argument("--save", action="store_true", help="check in its facts and the table")
    options = parser.parse_args()
    facts = load("saas")
    if options.file:
        facts = facts_of(json.loads(options.file.read_text(encoding="utf-8")))
    found = differences(facts)
    if options.save:
        save("saas", facts)
        TABLE.write_text(table(found), encoding="utf-8")
    sys.stdout.write(table(found))
    return int(any(reason_for(one) is None for one in found))


if __name__ == "__main__":
    sys.exit(main())
