"""The demo's page: the catalogue in one HTML file, which needs neither a server nor a network."""

from __future__ import annotations

from html import escape
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING, Any

import plotly.graph_objects as go  # type: ignore[import-untyped] # has no types
import polars as pl
from itables import options, to_html_datatable
from itables.javascript import generate_init_offline_itables_html
from plotly.offline import get_plotlyjs  # type: ignore[import-untyped]

if TYPE_CHECKING:
    from collections.abc import Iterator

    from duckdb import DuckDBPyConnection

LAYOUT = Path(__file__).with_name("page.html")
ROW_HEIGHT = 28
FIRST_RUN = "This was the first run, so there is nothing to compare with."

# Without a second state, there is no last run that could have found changes.
LAST_RUN = """\
select nullif(max(dbt_valid_from), min(dbt_valid_from)) from akeneo__product_versions"""

SUMMARY = """\
select (select count(*) from akeneo__products) as products,
    (select count(distinct family) from akeneo__products) as families, family,
    avg(completeness) as percent
from akeneo__completeness
group by family
order by percent, family
limit 1"""

COMPLETENESS = """\
select channel || '<br>' || locale as x, family as y, avg(completeness) as percent,
    count(*) filter (where not is_complete) || ' of ' || count(*) || ' are incomplete' as told
from akeneo__completeness
group by channel, locale, family
order by avg(avg(completeness)) over (partition by family) desc, y desc, x"""

# An attribute counts as filled in if it has a value in any channel and locale.
FILL_RATES = """\
select distinct family as x, attribute as y, 100 * fill_rate_anywhere as percent,
    filled_anywhere || ' of ' || products || ' have a value' as told
from akeneo__attribute_fill_rate
order by avg(100 * fill_rate_anywhere) over (partition by attribute) desc, y desc, x"""

OVER_TIME = """\
select created_at, row_number() over (order by created_at) as products
from akeneo__products
order by created_at"""

CHANGED = f"""\
select count(distinct product_key) filter (where change = 'deleted'),
    count(distinct product_key) filter (where change in ('added', 'restored')),
    count(distinct product_key) filter (where change = 'changed'),
    string_agg(coalesce(identifier, product_key), ', ') filter (where change = 'deleted')
from akeneo__product_history
where changed_at = ({LAST_RUN})"""  # noqa: S608 (our own text)

CHANGES = f"""\
select coalesce(history.identifier, product_key) as "Product", label as "Name", change as "Change",
    coalesce(attribute, property) as "What", channel as "Channel", locale as "Locale",
    content_before as "Before", content_after as "After"
from akeneo__product_history as history
left join akeneo__products using (product_key)
where changed_at = ({LAST_RUN})
order by change = 'changed', change, "Product", "What", channel, locale"""  # noqa: S608 (our own text)

DELETED = """\
select coalesce(identifier, product_key) as "Product", family as "Family",
    parent as "Product model",
    strftime(last_updated_at, '%Y-%m-%d %H:%M') as "Last change",
    strftime(missing_since, '%Y-%m-%d %H:%M') as "Missing since"
from akeneo__deleted_products
order by missing_since desc, "Product"
"""

PRODUCTS = """\
select coalesce(identifier, product_key) as "Product", label as "Name", family as "Family",
    parent as "Product model", categories as "Categories",
    round(average_completeness)::int as "Complete (%)",
    case when is_enabled then 'yes' else 'no' end as "Enabled",
    strftime(effective_updated_at, '%Y-%m-%d') as "Last change"
from akeneo__products
order by effective_updated_at desc, "Product"
"""


def write_page(tables: DuckDBPyConnection, file: Path, docs: str) -> None:
    """Write the page.

    Args:
        tables: A connection to the tables that dbt has made.
        file: The HTML file.
        docs: Address of dbt's documentation, relative to the page.
    """
    page = Template(LAYOUT.read_text(encoding="utf-8")).substitute(
        plotly=get_plotlyjs(),
        itables=generate_init_offline_itables_html(Path(options.dt_bundle)),
        summary=" ".join(summary(tables)),
        completeness=heat_map(tables, COMPLETENESS, red=50),
        deleted=table(tables, DELETED, "No product was deleted so far."),
        changes=table(tables, CHANGES, FIRST_RUN),
        fill_rates=heat_map(tables, FILL_RATES, red=0),
        over_time=over_time(tables),
        products=table(tables, PRODUCTS, "There are no products."),
        docs=docs,
    )
    file.write_text(page, encoding="utf-8")


def summary(tables: DuckDBPyConnection) -> Iterator[str]:
    """Return the sentences at the top of the page, as HTML."""
    products, families, family, percent = _row(tables, SUMMARY)
    yield f"{products} products in {families} families."
    yield f"The least complete family is <b>{escape(family)}</b>: {percent:.0f} % of what"
    yield "its products need is filled in."
    if _row(tables, LAST_RUN) == (None,):
        yield FIRST_RUN
        return
    deleted, added, changed, which = _row(tables, CHANGED)
    yield f"Since the last run <b>{deleted} deleted</b>"
    if which:
        yield f"({escape(which)})"
    yield f"· {added} added · {changed} changed."


def heat_map(tables: DuckDBPyConnection, query: str, *, red: float) -> str:
    """Return a heat map as HTML.

    Args:
        tables: A connection to the tables that dbt has made.
        query: A query for the columns `x`, `y`, `percent`, and `told` for the tooltip.
        red: The percentage that is red, as all below.
    """
    x, y, percent, told = zip(*tables.execute(query).fetchall(), strict=True)
    heat = go.Heatmap(
        x=x,
        y=y,
        z=percent,
        text=[f"{number:.0f} %" for number in percent],
        texttemplate="%{text}",  # unlike %{z}, it leaves empty cells empty
        customdata=told,
        zmin=red,
        zmax=100,
        colorscale="RdYlGn",
        xgap=2,
        ygap=2,
        hovertemplate="%{y}, %{x}: %{z:.1f} %<br>%{customdata}<extra></extra>",
        showscale=False,
    )
    return _figure(
        heat,
        height=(len(set(y)) + 2) * ROW_HEIGHT,
        # As text, because codes may be numbers.
        xaxis={"type": "category", "side": "top"},
        yaxis={"type": "category", "ticksuffix": "  "},
    )


def over_time(tables: DuckDBPyConnection) -> str:
    """Return a chart of the number of products as HTML."""
    created, products = zip(*tables.execute(OVER_TIME).fetchall(), strict=True)
    line = go.Scatter(x=created, y=products, mode="lines", line={"shape": "hv"}, fill="tozeroy")
    return _figure(line, height=300, yaxis={"title": {"text": "Products"}})


def table(tables: DuckDBPyConnection, query: str, otherwise: str) -> str:
    """Return a searchable table as HTML, or another text if it has no rows."""
    found = tables.execute(query)
    names = [name for name, *_ in found.description or ()]
    rows = pl.DataFrame(found.fetchall(), names, orient="row", infer_schema_length=None)
    if rows.is_empty():
        return f"<p>{otherwise}</p>"
    return to_html_datatable(
        rows.cast({pl.Null: pl.String}),  # a column without any value
        connected=False,
        maxBytes=0,
        show_dtypes=False,
        classes="display compact",
        columnDefs=[{"targets": "_all", "defaultContent": ""}],
        style="width:100%",
    )


def _figure(data: go.Figure, **layout: object) -> str:
    figure = go.Figure(data)
    figure.update_layout(template="simple_white", margin={"t": 50, "b": 30, "r": 10}, **layout)
    html: str = figure.to_html(
        full_html=False,
        include_plotlyjs=False,
        config={"displayModeBar": False, "responsive": True},
    )
    return html


def _row(tables: DuckDBPyConnection, query: str) -> tuple[Any, ...]:
    (row,) = tables.execute(query).fetchall()
    return tuple(row)
