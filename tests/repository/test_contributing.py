"""Adding a list takes just what CONTRIBUTING.md says: its steps are followed in a copy."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
from textwrap import dedent, indent
from typing import TYPE_CHECKING

from tests.docs.tables import ROOT

if TYPE_CHECKING:
    from pathlib import Path

STEPS = (
    ROOT.joinpath("CONTRIBUTING.md")
    .read_text(encoding="utf-8")
    .partition("\n## Add a resource\n")[2]
    .partition("\n## ")[0]
)
# The last words before a code block name its file, and the tuple to which it adds an item.
CODE = re.compile(
    r"(?:`(?P<tuple>[A-Z]+)`\sin\s+)?`(?P<file>[\w/]+\.\w+)`:\n\n"
    r" +```(?:python|json)\n(?P<code>.*?)\n +```\n",
    flags=re.DOTALL,
)
COMMANDS = re.compile(r" +```bash\n(.*?)\n +```\n", flags=re.DOTALL)


def copy_of_the_repository(folder: Path) -> Path:
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],  # noqa: S607
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    for name in filter(None, listed.stdout.split("\0")):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    return folder


def add(code: str, file: Path, items: str | None) -> None:
    """Add code to the end of a file, or as the last item of one of its tuples."""
    text = file.read_text(encoding="utf-8") if file.exists() else ""
    if items is None:
        text = "\n\n".join(filter(None, [text, f"{code}\n"]))
    else:
        end = text.index("\n)", text.index(f"\n{items}:"))
        text = f"{text[:end]}\n{indent(code, '    ')},{text[end:]}"
    file.write_text(text, encoding="utf-8")


def test_a_list_that_is_added_as_documented_passes_the_checks_that_the_page_names(
    tmp_path: Path,
) -> None:
    copy = copy_of_the_repository(tmp_path)
    added = list(CODE.finditer(STEPS))
    assert [one["tuple"] for one in added] == [None, "STREAMS", None, "RESOURCES", None]
    for one in added:
        add(dedent(one["code"]), copy / one["file"], one["tuple"])
    commands = "\n".join(COMMANDS.findall(STEPS)).split("\n")
    assert len(commands) == 7
    for command in commands:
        python, *arguments = shlex.split(command)
        assert python == ".venv/bin/python"
        ended = subprocess.run(  # noqa: S603 (our own commands)
            [sys.executable, *arguments],
            cwd=copy,
            check=False,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert ended.returncode == 0, f"{command}\n{ended.stdout[-5000:]}"
    catalogs = copy / "tests" / "schemas" / "__snapshots__" / "test_catalog"
    assert list(catalogs.glob("*[[]jobs].json"))
    assert "| `jobs` | `code` |" in (copy / "README.md").read_text(encoding="utf-8")
