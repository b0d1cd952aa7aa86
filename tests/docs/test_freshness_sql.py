"""The view of docs/freshness.md finds the products that the PIM's date filter does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.docs.databases import Table, literal
from tests.docs.tables import PRODUCT_DATES
from tests.support import sync

if TYPE_CHECKING:
    from tests.conftest import StartPim
    from tests.docs.databases import Database


def test_the_view_has_the_date_by_which_the_pim_filters(
    start_pim: StartPim, database: Database
) -> None:
    pim = start_pim(products=250)
    models = sorted(pim.truth("product_models"), key=lambda model: model["parent"] is not None)
    cuts = []
    for model in (models[0], models[-1]):
        assert (model is models[0]) == (model["parent"] is None), "a root model and one below it"
        pim.clock.advance(hours=1)
        cuts.append(pim.clock.now().isoformat())
        pim.write.change("product_models", model["code"], categories=["outlet"])
    # The PIM's clock has whole seconds, and nothing is read from a start date that is ahead of it.
    pim.clock.advance(seconds=2)
    run = sync(pim, "products", "product_models")
    columns = {"parent": "varchar", "updated": "timestamp"}
    tables = {
        "products": Table({"uuid": "varchar", **columns}, run.records("products")),
        "product_models": Table({"code": "varchar", **columns}, run.records("product_models")),
    }
    view = PRODUCT_DATES.partition(" as\n")[2]
    for cut in cuts:
        start = literal(cut)
        listed = sync(pim, "products", start_date=cut, pim_timezone="UTC").rows("products")
        since = f"effective_updated >= date_trunc('second', cast({start} as timestamp))"
        query = f"select uuid from ({view}) product_dates where {since}"  # noqa: S608
        found = database.keys(tables, query, ("uuid",))
        assert found
        assert found == listed.keys()
        changed = f"select uuid from products where updated >= {start}"  # noqa: S608
        own = database.keys(tables, changed, ("uuid",))
        assert not own, "only the models have changed"
