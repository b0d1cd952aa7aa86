{# Parts of the page that `akeneo.report` makes. #}


{% macro report_number(number) %}
    {{- return('–' if number is none else '{:,.0f}'.format(number)) -}}
{% endmacro %}


{# Rounded down, so that only what is whole has 100 %. #}
{% macro report_percent(number) %}
    {{- return('–' if number is none else '%d %%' % (number | round(0, 'floor'))) -}}
{% endmacro %}


{% macro report_time(time) %}{{ return(time.strftime('%Y-%m-%d %H:%M')) }}{% endmacro %}


{# SQL for a moment some days before this run. #}
{% macro report_days_ago(days) -%}
    {{ dbt.dateadd(
        'day', -days,
        "cast('" ~ run_started_at.strftime("%Y-%m-%d %H:%M:%S") ~ "' as " ~ dbt.type_timestamp() ~ ")"
    ) }}
{%- endmacro %}


{#
    The address of something in the PIM; none if it is not known. Products have had their UUID in it since 7.0.
    Sources: the routes `pim_enrich_product_edit`, `pim_enrich_attribute_edit` and `pim_enrich_family_edit` of
    https://github.com/akeneo/pim-community-dev.
#}
{% macro report_address(pim, kind, code) %}
    {%- set paths = {
        'product': '/#/enrich/product/%s',
        'attribute': '/#/configuration/attribute/%s/edit',
        'family': '/#/configuration/family/%s/edit',
    } -%}
    {{- return('https://' ~ pim.host ~ paths[kind] % (code | string | urlencode) if pim.host and code else none) -}}
{% endmacro %}


{#
    A table.

    Args:
        columns: For each column its heading, the name of a column of the rows, and its kind: text, number,
            percent (with a bar), amount, time, product, attribute, family, examples (a list of products).
        rows: Rows, or dictionaries. Kinds that are links need `uuid`, `attribute` or `family` in the row.
        pim: For links.
        empty: What to say if there are no rows.
#}
{% macro report_table(columns, rows, pim={}, empty='There are none.') %}
{%- set numbers = ['number', 'percent', 'amount'] -%}
{%- set media = var('akeneo_media_url', none) -%}
{%- autoescape true -%}
{%- if not rows -%}
<p>{{ empty }}</p>
{%- else -%}
<table>
<thead><tr>{% for head, name, kind in columns %}<th scope="col"{% if kind in numbers %} class="number"{% endif %}>{{ head }}</th>{% endfor %}</tr></thead>
<tbody>
{% for row in rows -%}
<tr>
{%- for head, name, kind in columns -%}
{%- set value = row[name] -%}
<td data-head="{{ head }}"{% if value is none %} class="none"{% elif kind in numbers %} class="number"{% endif %}>
{%- if kind == 'examples' -%}
    {%- for example in value -%}
    {{- akeneo.report_link(akeneo.report_address(pim, 'product', example.uuid), example.label) | safe -}}
    {{- ', ' if not loop.last -}}
    {%- endfor -%}
{%- elif value is none -%}
–
{%- elif kind == 'number' -%}
{{ akeneo.report_number(value) }}
{%- elif kind == 'amount' -%}
{{ '{:,.2f}'.format(value) }}
{%- elif kind == 'percent' -%}
<span class="bar" style="--share: {{ [0, [100, value] | min] | max | round(1) }}">{{ akeneo.report_percent(value) }}</span>
{%- elif kind == 'time' -%}
{{ akeneo.report_time(value) }}
{%- elif kind == 'product' -%}
    {%- if media and row.image -%}
    <img src="{{ media }}{{ row.image | string | urlencode }}" alt="" loading="lazy" width="48" height="48">
    {%- endif -%}
    {{- akeneo.report_link(akeneo.report_address(pim, 'product', row.uuid), value) | safe -}}
    {%- if row.identifier and row.identifier != value %} <small>{{ row.identifier }}</small>{% endif -%}
{%- elif kind in ['attribute', 'family'] -%}
{{ akeneo.report_link(akeneo.report_address(pim, kind, row[kind]), value) | safe }}
{%- else -%}
{{ value | string | truncate(200) }}
{%- endif -%}
</td>
{%- endfor -%}
</tr>
{% endfor -%}
</tbody>
</table>
{%- endif -%}
{%- endautoescape -%}
{% endmacro %}


{% macro report_link(address, text) -%}
{%- autoescape true -%}
{%- if address %}<a href="{{ address }}">{{ text }}</a>{% else %}{{ text }}{% endif -%}
{%- endautoescape -%}
{%- endmacro %}


{#
    A line that changes in steps.

    Args:
        title: What it shows.
        points: Days and numbers, in order.
        bars: Days and numbers below the line, such as deletions.
        top: The number at the upper end; the greatest one if none.
        unit: What follows a number.
#}
{% macro report_chart(title, points, bars=[], top=none, unit='') %}
{%- set width, height, base = 400, 150, 120 -%}
{%- set first, last = points[0][0], points[-1][0] -%}
{%- set days = [1, (last - first).days] | max -%}
{%- set most = top or ([1] + (points | map('last') | list)) | max -%}
{%- set deepest = ([1] + (bars | map('last') | list)) | max -%}
{# One step for each pixel at most. #}
{%- set steps = {} -%}
{%- for day, number in points -%}
    {%- do steps.update({(width * (day - first).days / days) | round | int: (base - 100 * number / most) | round(1)}) -%}
{%- endfor -%}
{%- autoescape true -%}
<figure>
<figcaption>{{ title }}</figcaption>
<svg viewBox="0 0 {{ width }} {{ height }}" role="img" aria-label="{{ title }}: {{ akeneo.report_number(points[0][1]) }}{{ unit }} on {{ first }}, {{ akeneo.report_number(points[-1][1]) }}{{ unit }} on {{ last }}">
<text x="0" y="12">{{ akeneo.report_number(most) }}{{ unit }}</text>
<line class="axis" x1="0" x2="{{ width }}" y1="{{ base }}" y2="{{ base }}"/>
<path class="line" d="{% for x, y in steps.items() %}{% if loop.first %}M{{ x }} {{ y }}{% else %}H{{ x }}V{{ y }}{% endif %}{% endfor %}H{{ width }}"/>
{% for day, number in bars if day >= first -%}
<line class="deletions" x1="{{ (width * (day - first).days / days) | round(1) }}" x2="{{ (width * (day - first).days / days) | round(1) }}" y1="{{ base }}" y2="{{ (base - 5 - 25 * number / deepest) | round(1) }}"><title>{{ akeneo.report_number(number) }} deleted on {{ day }}</title></line>
{% endfor -%}
<text x="0" y="{{ height - 10 }}">{{ first }}</text>
<text x="{{ width }}" y="{{ height - 10 }}" text-anchor="end">{{ last }}: {{ akeneo.report_number(points[-1][1]) }}{{ unit }}</text>
</svg>
</figure>
{%- endautoescape -%}
{% endmacro %}
