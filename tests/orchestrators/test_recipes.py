"""The recipes for orchestrators agree with the page, and with what is run by hand.

`python -m tests.orchestrators` runs them. It is not part of the tests, as it installs the
orchestrators and takes long.
"""

from __future__ import annotations

import ast

import pytest

from tests.docs.tables import DOCS
from tests.orchestrators.servers import ORCHESTRATORS, RECIPES

PAGE = DOCS.joinpath("production.md").read_text(encoding="utf-8")
COMMAND = "meltano --environment=prod run tap-akeneo target-postgres"


@pytest.mark.parametrize("name", ORCHESTRATORS)
def test_each_recipe_is_on_the_page_and_is_one_run_of_meltano(name: str) -> None:
    recipe = ORCHESTRATORS[name].recipe
    assert f"(../examples/{recipe})" in PAGE
    code = ast.parse(RECIPES.joinpath(recipe).read_text(encoding="utf-8"))
    # The command is a text, or a tuple of texts.
    texts = [str(one.value) for one in ast.walk(code) if isinstance(one, ast.Constant)]
    texts += [
        " ".join(str(ast.literal_eval(item)) for item in one.elts)
        for one in ast.walk(code)
        if isinstance(one, ast.Tuple) and all(isinstance(item, ast.Constant) for item in one.elts)
    ]
    assert [text for text in texts if text.removeprefix("exec ") == COMMAND]


def test_the_page_says_how_to_run_the_recipes() -> None:
    first, *others = ORCHESTRATORS
    others_named = ", ".join(f"`{name}`" for name in others)
    assert f"`python -m tests.orchestrators {first}` ({others_named})" in PAGE
