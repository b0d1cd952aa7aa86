{#
    A page about the catalogue: `dbt --quiet run-operation akeneo.report > catalogue.html`.

    It is one HTML file that needs no server, no network and no script. All queries return aggregates or the
    first rows of a list, so it stays small. Every macro here escapes what it writes with `autoescape`, and
    `safe` is only for what another macro has escaped.
#}
{% macro report() %}
    {%- set session = akeneo.prepare_session() | trim -%}
    {%- if session %}{% do run_query(session) %}{% endif -%}
    {%- set pim = akeneo.report_pim() -%}
    {%- set sections = [
        ['gaps', 'Ten gaps to fill first', akeneo.report_gaps(pim)],
        ['completeness', 'Completeness', akeneo.report_completeness(pim)],
        ['over-time', 'Over time', akeneo.report_over_time()],
        ['locales', 'Translations and pictures', akeneo.report_locales(pim)],
        ['changes', 'Changes', akeneo.report_changes(pim)],
        ['prices', 'Prices', akeneo.report_prices(pim)],
        ['deleted', 'Deleted products', akeneo.report_deleted()],
        ['attributes', 'Attributes', akeneo.report_attributes(pim)],
        ['products', 'Products', akeneo.report_products(pim)],
    ] -%}
    {%- set page -%}
    {% autoescape true -%}
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src * data: file:">
<link rel="icon" href="data:,">
<title>Catalogue{% if pim.host %} of {{ pim.host }}{% endif %}</title>
<style>{{ akeneo.report_style() | safe }}</style>
</head>
<body>
<header>
<h1>Catalogue{% if pim.host %} of <span class="host">{{ pim.host }}</span>{% endif %}</h1>
<p class="note">
{%- if pim.version %}Akeneo PIM {{ pim.version }} {{ pim.edition or '' }} · {% endif -%}
{%- if pim.read_at %}read on {{ akeneo.report_time(pim.read_at) }} · {% endif -%}
page made on {{ akeneo.report_time(run_started_at) }} · times are in UTC</p>
{{ akeneo.report_summary() | safe }}
<nav>{% for id, title, content in sections %}<a href="#{{ id }}">{{ title }}</a> {% endfor %}</nav>
</header>
<main>
{% for id, title, content in sections -%}
<section id="{{ id }}">
<h2>{{ title }}</h2>
{{ content | safe }}
</section>
{% endfor -%}
</main>
<footer><p class="note">Names are in {{ var('akeneo_locale') }}. Made by dbt from the tables <code>akeneo__…</code>:
<code>dbt --quiet run-operation akeneo.report</code></p></footer>
</body>
</html>
    {%- endautoescape %}
    {%- endset -%}
    {% do print(page) %}
{% endmacro %}


{# The PIM, as it was read last: host, version, edition, read_at. The host is the target of links. #}
{% macro report_pim() %}
    {%- set rows = run_query(
        "select host, version, edition from " ~ ref('stg_akeneo__system_information')
        ~ " order by extracted_at desc limit 1"
    ).rows -%}
    {%- set pim = {'host': none, 'version': none, 'edition': none} -%}
    {%- for row in rows %}{% do pim.update(row.dict()) %}{% endfor -%}
    {%- set read = run_query(
        "select max(ended_at) as read_at from " ~ ref('stg_akeneo__readings')
    ).rows[0] -%}
    {%- do pim.update({'read_at': read.read_at}) -%}
    {{- return(pim) -}}
{% endmacro %}


{% macro report_summary() %}
    {%- set counts = run_query(akeneo.report_summary_query()).rows[0] -%}
    {%- set changes = {} -%}
    {%- for row in run_query(akeneo.report_changes_of_a_week_query()).rows -%}
        {%- do changes.update({row.change: row.products}) -%}
    {%- endfor -%}
    {%- set tiles = [
        [akeneo.report_number(counts.products), 'products'],
        [akeneo.report_number(counts.families), 'families'],
        [akeneo.report_percent(counts.complete_share), 'complete, over channels and locales'],
        [akeneo.report_number(counts.without_image), 'without a main picture'],
        [akeneo.report_number(changes.get('added', 0) + changes.get('restored', 0)), 'added in 7 days'],
        [akeneo.report_number(changes.get('changed', 0)), 'changed in 7 days'],
        [akeneo.report_number(changes.get('deleted', 0)), 'deleted in 7 days'],
    ] -%}
    {%- autoescape true -%}
<dl class="tiles">
{% for number, what in tiles -%}
<div><dt>{{ what }}</dt><dd>{{ number }}</dd></div>
{% endfor -%}
</dl>
    {%- endautoescape -%}
{% endmacro %}


{% macro report_summary_query() %}
    select
        products.products,
        products.families,
        products.without_image,
        completeness.complete_share
    from (
        select
            count(*) as products,
            count(distinct family) as families,
            count(*) - count(image) as without_image
        from {{ ref('akeneo__products') }}
    ) as products
    cross join (
        select 100.0 * sum(case when is_complete then 1 else 0 end) / nullif(count(*), 0) as complete_share
        from {{ ref('akeneo__completeness') }}
    ) as completeness
{% endmacro %}


{% macro report_changes_of_a_week_query() %}
    select change, count(distinct product_key) as products from {{ ref('akeneo__product_history') }}
    where changed_at > {{ akeneo.report_days_ago(7) }}
    group by change
{% endmacro %}
