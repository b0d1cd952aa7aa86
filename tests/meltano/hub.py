"""The tap's definition for MeltanoHub; ``python -m tests.docs`` writes docs/meltano-hub.yml."""

from __future__ import annotations

import re
from typing import Any

import yaml
from typing_extensions import override

from tests.meltano.project import ROOT, read

DEFINITION = ROOT / "docs" / "meltano-hub.yml"

PROJECT = read()
(EXTRACTOR,) = PROJECT["plugins"]["extractors"]

PYPROJECT = ROOT.joinpath("pyproject.toml").read_text(encoding="utf-8")
REPOSITORY = re.findall(r'^Repository = "(.+)"$', PYPROJECT, flags=re.MULTILINE)[0]
# The Hub distinguishes taps for the same source by the owner of the repository.
VARIANT = REPOSITORY.split("/")[-2].lower()

FILES = f"{REPOSITORY}/blob/main"

HEAD = """\
# The definition of this tap for MeltanoHub, where it is the file
# _data/meltano/extractors/tap-akeneo/<variant>.yml. Written by `python -m tests.docs`.
"""
NEXT_STEPS = """\
Test the settings with `meltano --environment=prod config test tap-akeneo`, if `prod` is the
environment of your runs. It reads until the first record arrives.
If a setting is wrong, the log line that begins with `tap-akeneo` names it.

`meltano --environment=prod select tap-akeneo --list --all` lists the streams that your PIM has.
"""


def definition() -> dict[str, Any]:
    """Return the plugin definition from meltano.yml with the fields that the Hub adds."""
    return {
        **EXTRACTOR,
        "capabilities": sorted(EXTRACTOR["capabilities"]),
        "pip_url": f"git+{REPOSITORY}.git",
        "label": "Akeneo PIM",
        "description": "Product information management (PIM)",
        "definition": "extracts products, product models, categories, attributes, assets, "
        "reference entities and all other lists of the REST API of an Akeneo PIM",
        "domain_url": "https://www.akeneo.com",
        "repo": REPOSITORY,
        "docs": f"{REPOSITORY}#readme",
        "variant": VARIANT,
        "keywords": ["akeneo", "api", "meltano_sdk", "pim"],
        "maintenance_status": "beta",
        "quality": "unknown",
        "prereq": readme_section("Get credentials in Akeneo"),
        "next_steps": NEXT_STEPS,
        "usage": f"[What messages mean and what to do]({FILES}/docs/troubleshooting.md)",
    }


def with_address(text: str) -> str:
    """Return docs/meltano.md with the address of the repository in its `git clone`."""
    return re.sub(r"git clone \S+ akeneo", f"git clone {REPOSITORY}.git akeneo", text)


def readme_section(heading: str) -> str:
    """Return a section of the README with absolute links."""
    text = ROOT.joinpath("README.md").read_text(encoding="utf-8")
    section = text.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    elsewhere = section.replace("](#", f"]({REPOSITORY}#").replace("](docs/", f"]({FILES}/docs/")
    return elsewhere.strip() + "\n"


class _Dumper(yaml.SafeDumper):
    """Writes YAML in the style of the Hub: keys sorted, multi-line text in block style."""

    @override
    def represent_str(self, data: str) -> yaml.ScalarNode:
        style = "|" if "\n" in data else None
        return self.represent_scalar("tag:yaml.org,2002:str", data, style)


_Dumper.add_representer(str, _Dumper.represent_str)


def as_text() -> str:
    text: str = yaml.dump(definition(), Dumper=_Dumper, allow_unicode=True, width=10**6)
    return HEAD + text
