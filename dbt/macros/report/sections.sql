{# The sections of the page that `akeneo.report` makes: each has its query and what it shows of it. #}


{#
    Missing required values that keep most products from being complete. One value may count in several
    channels and locales, so gaps are places of values: an attribute of a family, in a channel and a locale
    only if the attribute varies by them.
#}
{% macro report_gaps(pim) %}
{%- set query -%}
with missing as (
    select
        product_key, family, channel, locale, attribute,
        count(*) over (partition by product_key, channel, locale) as missing_here
    from {{ ref('akeneo__missing_required_values') }}
),

attributes as (
    select * from {{ ref('akeneo__attributes') }}
),

products as (
    select * from {{ ref('akeneo__products') }}
),

places as (
    select
        missing.product_key,
        missing.family,
        missing.attribute,
        case when attributes.is_scopable then missing.channel end as channel,
        case when attributes.is_localizable then missing.locale end as locale,
        min(missing.missing_here) as fewest_missing
    from missing
    inner join attributes on attributes.attribute = missing.attribute
    group by 1, 2, 3, 4, 5
),

gaps as (
    select
        family,
        attribute,
        channel,
        locale,
        sum(case when fewest_missing = 1 then 1 else 0 end) as unblocked,
        count(*) as products
    from places
    group by family, attribute, channel, locale
),

ranked as (
    select
        gaps.*,
        row_number() over (
            order by unblocked desc, products desc, family, attribute, coalesce(channel, ''), coalesce(locale, '')
        ) as place
    from gaps
),

examples as (
    select
        ranked.place,
        places.product_key,
        row_number() over (
            partition by ranked.place order by places.fewest_missing, places.product_key
        ) as example
    from ranked
    inner join places
        on places.family = ranked.family
        and places.attribute = ranked.attribute
        and coalesce(places.channel, '') = coalesce(ranked.channel, '')
        and coalesce(places.locale, '') = coalesce(ranked.locale, '')
    where ranked.place <= 10
)

select
    ranked.*,
    attributes.attribute_label,
    families.family_label,
    channels.channel_label,
    products.uuid,
    products.label,
    examples.example
from ranked
inner join examples on examples.place = ranked.place
inner join products on products.product_key = examples.product_key
inner join attributes on attributes.attribute = ranked.attribute
left join {{ ref('akeneo__families') }} as families on families.family = ranked.family
left join {{ ref('akeneo__channels') }} as channels on channels.channel = ranked.channel
where examples.example <= 3
order by ranked.place, examples.example
{%- endset -%}
{%- set gaps = [] -%}
{%- for row in run_query(query).rows -%}
    {%- if row.example == 1 %}{% do gaps.append(dict(row.dict(), examples=[])) %}{% endif -%}
    {%- do gaps[-1].examples.append(row) -%}
{%- endfor -%}
{%- autoescape true -%}
<p>Required values that are missing. Products that lack nothing else in some channel and locale become complete there.</p>
{{ akeneo.report_table([
    ['Attribute', 'attribute_label', 'attribute'],
    ['Family', 'family_label', 'family'],
    ['Channel', 'channel_label', 'text'],
    ['Locale', 'locale', 'text'],
    ['Products that it completes', 'unblocked', 'number'],
    ['Products without it', 'products', 'number'],
    ['Such as', 'examples', 'examples'],
], gaps, pim, 'No required value is missing.') | safe }}
{%- endautoescape -%}
{% endmacro %}


{% macro report_completeness(pim) %}
{%- set shown = 30 -%}
{%- set query -%}
with places as (
    select
        family,
        channel,
        locale,
        avg(completeness) as average,
        sum(case when is_complete then 1 else 0 end) as complete,
        count(*) as products
    from {{ ref('akeneo__completeness') }}
    group by family, channel, locale
)

select
    places.*,
    coalesce(families.family_label, places.family, 'No family') as family_label,
    coalesce(channels.channel_label, places.channel) as channel_label,
    avg(places.average) over (partition by places.family) as average_of_family
from places
left join {{ ref('akeneo__families') }} as families on families.family = places.family
left join {{ ref('akeneo__channels') }} as channels on channels.channel = places.channel
order by average_of_family, family_label, places.family, places.channel, places.locale
{%- endset -%}
{%- set families = {} -%}
{%- set columns = {} -%}
{%- for row in run_query(query).rows -%}
    {%- do families.setdefault(row.family, {}).update({(row.channel, row.locale): row}) -%}
    {%- do columns.update({(row.channel, row.locale): row.channel_label ~ ' ' ~ row.locale}) -%}
{%- endfor -%}
{%- autoescape true -%}
{%- if not families -%}
<p>The PIM has no completeness, or no product was loaded.</p>
{%- else -%}
<p>Average completeness of the products of a family in each channel and locale. The least complete family comes first
{%- if families | length > shown %}; {{ shown }} of {{ families | length }} families are shown{% endif %}.</p>
<table class="matrix">
<thead><tr><th scope="col">Family</th>{% for place, title in columns | dictsort %}<th scope="col">{{ title }}</th>{% endfor %}</tr></thead>
<tbody>
{% for family, places in (families.items() | list)[:shown] -%}
<tr><th scope="row">{{ akeneo.report_link(akeneo.report_address(pim, 'family', family), (places.values() | first).family_label) | safe }}</th>
{%- for place, title in columns | dictsort -%}
{%- set row = places.get(place) -%}
{%- if row -%}
<td data-head="{{ title }}" style="--share: {{ row.average | float | round(1) }}" title="{{ akeneo.report_number(row.products - row.complete) }} of {{ akeneo.report_number(row.products) }} are incomplete">{{ akeneo.report_percent(row.average) }}</td>
{%- else -%}
<td class="none">–</td>
{%- endif -%}
{%- endfor -%}
</tr>
{% endfor -%}
</tbody>
</table>
{%- endif -%}
{%- endautoescape -%}
{% endmacro %}


{#
    Products that were deleted count from their creation to their deletion. If the loader removed their rows,
    nobody knows when they were created, so they count from the first build that saw them.
#}
{% macro report_over_time() %}
{%- set query -%}
with products as (
    select product_key, coalesce(created_at, updated_at, extracted_at) as moment
    from {{ ref('int_akeneo__all_products') }}
),

deleted as (
    select product_key, missing_since from {{ ref('akeneo__deleted_products') }}
),

versions as (
    {{ akeneo.product_versions() }}
),

moves as (
    select moment, 1 as added, 0 as deleted from products

    union all

    select min(versions.dbt_valid_from) as moment, 1 as added, 0 as deleted
    from versions
    inner join deleted on deleted.product_key = versions.product_key
    left join products on products.product_key = versions.product_key
    where products.product_key is null
    group by versions.product_key

    union all

    select missing_since as moment, 0 as added, 1 as deleted from deleted
)

select cast(moment as date) as day, sum(added) as added, sum(deleted) as deleted
from moves
where moment is not null
group by cast(moment as date)
order by 1
{%- endset -%}
{%- set today = run_started_at.date() -%}
{%- set count = namespace(products=0) -%}
{%- set points, deletions, shares = [], [], [] -%}
{%- for row in run_query(query).rows -%}
    {%- set count.products = count.products + row.added - row.deleted -%}
    {%- do points.append((row.day, count.products)) -%}
    {%- if row.deleted %}{% do deletions.append((row.day, row.deleted)) %}{% endif -%}
{%- endfor -%}
{%- set daily -%}
select day, 100.0 * sum(complete_products) / sum(products) as complete_share
from {{ ref('akeneo__daily_completeness') }}
group by day
order by day
{%- endset -%}
{%- for row in run_query(daily).rows %}{% do shares.append((row.day, row.complete_share)) %}{% endfor -%}
{%- autoescape true -%}
{%- if points -%}
<div class="charts">
{{ akeneo.report_chart('Products, and deletions in red', points + [(today, count.products)], deletions) | safe }}
{% if shares -%}
{{ akeneo.report_chart('Complete, over channels and locales', shares + [(today, shares[-1][1])], top=100, unit=' %') | safe }}
{% endif -%}
</div>
<p class="note">Products since the first was created; completeness since the first build.</p>
{%- else -%}
<p>There are no products.</p>
{%- endif -%}
{%- endautoescape -%}
{% endmacro %}


{% macro report_locales(pim) %}
{%- set rates -%}
with rates as (
    select
        rates.*,
        attributes.attribute_label,
        attributes.attribute_type in (
            'pim_catalog_image', 'pim_catalog_asset_collection', 'pim_assets_collection'
        ) as is_picture
    from {{ ref('akeneo__attribute_fill_rate') }} as rates
    inner join {{ ref('akeneo__attributes') }} as attributes on attributes.attribute = rates.attribute
)
{%- endset -%}
{%- set locales -%}
{{ rates }},

locales as (
    select distinct locale from {{ ref('int_akeneo__channel_locales') }}
)

select
    locales.locale,
    100.0 * sum(case when rates.locale is not null and not is_picture then filled end)
        / nullif(sum(case when rates.locale is not null and not is_picture then products end), 0) as translated,
    sum(case when rates.locale is not null and not is_picture then products - filled end) as missing_texts,
    sum(case when is_picture then products - filled end) as missing_pictures
from locales
left join rates on rates.locale = locales.locale or (rates.locale is null and is_picture)
group by locales.locale
order by translated, locales.locale
{%- endset -%}
{%- set translations -%}
{{ rates }}

select attribute, attribute_label, locale, sum(products - filled) as missing,
    100.0 * sum(filled) / sum(products) as share
from rates
where locale is not null and not is_picture and filled < products
group by attribute, attribute_label, locale
order by missing desc, attribute, locale
limit 15
{%- endset -%}
{%- set pictures -%}
{{ rates }}

select rates.attribute, rates.attribute_label, rates.family, families.family_label, rates.channel, rates.locale,
    rates.products - rates.filled as missing, 100.0 * rates.fill_rate as share
from rates
left join {{ ref('akeneo__families') }} as families on families.family = rates.family
where is_picture and rates.filled < rates.products
order by missing desc, rates.attribute, rates.family, coalesce(rates.channel, ''), coalesce(rates.locale, '')
limit 15
{%- endset -%}
{%- autoescape true -%}
<p>Values that products of a family can have in a locale. Pictures that are the same in all locales count in each.</p>
{{ akeneo.report_table([
    ['Locale', 'locale', 'text'],
    ['Translated', 'translated', 'percent'],
    ['Missing translations', 'missing_texts', 'number'],
    ['Missing pictures', 'missing_pictures', 'number'],
], run_query(locales).rows) | safe }}
<h3>Translations that are missing most</h3>
{{ akeneo.report_table([
    ['Attribute', 'attribute_label', 'attribute'],
    ['Locale', 'locale', 'text'],
    ['Missing', 'missing', 'number'],
    ['Filled in', 'share', 'percent'],
], run_query(translations).rows, pim, 'No translation is missing.') | safe }}
<h3>Pictures that are missing most</h3>
{{ akeneo.report_table([
    ['Attribute', 'attribute_label', 'attribute'],
    ['Family', 'family_label', 'family'],
    ['Channel', 'channel', 'text'],
    ['Locale', 'locale', 'text'],
    ['Missing', 'missing', 'number'],
    ['Filled in', 'share', 'percent'],
], run_query(pictures).rows, pim, 'No picture is missing.') | safe }}
{%- endautoescape -%}
{% endmacro %}


{% macro report_changes(pim) %}
{%- set shown = 30 -%}
{%- set query -%}
select
    coalesce(products.label, history.identifier, history.product_key) as label,
    history.identifier,
    products.uuid,
    products.image,
    history.change,
    coalesce(attributes.attribute_label, history.property) as what,
    history.channel,
    history.locale,
    left(history.content_before, 250) as content_before,
    left(history.content_after, 250) as content_after,
    history.changed_at
from {{ ref('akeneo__product_history') }} as history
left join {{ ref('akeneo__products') }} as products on products.product_key = history.product_key
left join {{ ref('akeneo__attributes') }} as attributes on lower(attributes.attribute) = lower(history.attribute)
order by
    history.changed_at desc, case when history.change = 'changed' then 1 else 0 end, history.change,
    history.product_key, history.property, history.attribute, history.channel, history.locale
limit {{ shown }}
{%- endset -%}
{%- autoescape true -%}
<p>The latest changes that builds have seen, at most {{ shown }}. <code>akeneo__product_history</code> has all.</p>
{{ akeneo.report_table([
    ['Product', 'label', 'product'],
    ['Change', 'change', 'text'],
    ['What', 'what', 'text'],
    ['Channel', 'channel', 'text'],
    ['Locale', 'locale', 'text'],
    ['Before', 'content_before', 'text'],
    ['After', 'content_after', 'text'],
    ['Seen', 'changed_at', 'time'],
], run_query(query).rows, pim, 'There is only one build so far, so there is nothing to compare with.') | safe }}
{%- endautoescape -%}
{% endmacro %}


{% macro report_prices(pim) %}
{%- set query -%}
select
    coalesce(products.label, moves.identifier) as label,
    moves.identifier,
    products.uuid,
    products.image,
    moves.attribute,
    attributes.attribute_label,
    moves.channel,
    moves.locale,
    moves.currency,
    moves.price_before,
    moves.price_after,
    round(100 * (moves.price_after - moves.price_before) / moves.price_before) as change,
    moves.changed_at
from {{ ref('akeneo__price_changes') }} as moves
inner join {{ ref('akeneo__products') }} as products on products.product_key = moves.product_key
left join {{ ref('akeneo__attributes') }} as attributes on lower(attributes.attribute) = lower(moves.attribute)
where moves.price_before > 0
    and moves.price_after is not null
    and moves.changed_at > {{ akeneo.report_days_ago(30) }}
order by
    abs((moves.price_after - moves.price_before) / moves.price_before) desc, moves.product_key, moves.attribute,
    moves.currency, moves.changed_at
limit 20
{%- endset -%}
{%- autoescape true -%}
<p>The prices that moved most in 30 days, in percent.</p>
{{ akeneo.report_table([
    ['Product', 'label', 'product'],
    ['Attribute', 'attribute_label', 'attribute'],
    ['Channel', 'channel', 'text'],
    ['Currency', 'currency', 'text'],
    ['Before', 'price_before', 'amount'],
    ['After', 'price_after', 'amount'],
    ['Change in %', 'change', 'number'],
    ['Seen', 'changed_at', 'time'],
], run_query(query).rows, pim, 'No price was seen to change.') | safe }}
{%- endautoescape -%}
{% endmacro %}


{% macro report_deleted() %}
{%- set shown = 30 -%}
{%- set query -%}
select
    coalesce(deleted.identifier, deleted.product_key) as product,
    coalesce(families.family_label, deleted.family) as family_label,
    deleted.parent,
    deleted.last_updated_at,
    deleted.missing_since,
    count(*) over () as products
from {{ ref('akeneo__deleted_products') }} as deleted
left join {{ ref('akeneo__families') }} as families on families.family = deleted.family
order by deleted.missing_since desc, 1
limit {{ shown }}
{%- endset -%}
{%- set rows = run_query(query).rows -%}
{%- autoescape true -%}
<p>Products that the PIM had and no longer has
{%- if rows and rows[0].products > shown %}: the latest {{ shown }} of {{ akeneo.report_number(rows[0].products) }}{% endif %}.</p>
{{ akeneo.report_table([
    ['Product', 'product', 'text'],
    ['Family', 'family_label', 'text'],
    ['Product model', 'parent', 'text'],
    ['Last change', 'last_updated_at', 'time'],
    ['Missing since', 'missing_since', 'time'],
], rows, empty='No product is known to be deleted.') | safe }}
{%- endautoescape -%}
{% endmacro %}


{% macro report_attributes(pim) %}
{%- set query -%}
with rates as (
    select distinct family, attribute, products, filled_anywhere, fill_rate_anywhere
    from {{ ref('akeneo__attribute_fill_rate') }}
)

select
    rates.*,
    rates.products - rates.filled_anywhere as missing,
    100.0 * rates.fill_rate_anywhere as share,
    attributes.attribute_label,
    attributes.attribute_group_label,
    families.family_label
from rates
inner join {{ ref('akeneo__attributes') }} as attributes on attributes.attribute = rates.attribute
left join {{ ref('akeneo__families') }} as families on families.family = rates.family
where rates.filled_anywhere < rates.products
order by missing desc, rates.attribute, rates.family
limit 30
{%- endset -%}
{%- autoescape true -%}
<p>Attributes that most products of a family have no value of, in any channel and locale.</p>
{{ akeneo.report_table([
    ['Attribute', 'attribute_label', 'attribute'],
    ['Group', 'attribute_group_label', 'text'],
    ['Family', 'family_label', 'family'],
    ['Products without it', 'missing', 'number'],
    ['Filled in', 'share', 'percent'],
], run_query(query).rows, pim, 'Every product has a value of every attribute of its family.') | safe }}
{%- endautoescape -%}
{% endmacro %}


{% macro report_products(pim) %}
{%- set columns = [
    ['Product', 'label', 'product'],
    ['Family', 'family_label', 'family'],
    ['Categories', 'categories', 'text'],
    ['Complete', 'average_completeness', 'percent'],
    ['Enabled', 'enabled', 'text'],
    ['Last change', 'effective_updated_at', 'time'],
] -%}
{%- set query -%}
select
    product_key, uuid, identifier, label, image, family, family_label, categories, average_completeness,
    case when is_enabled then 'yes' else 'no' end as enabled, effective_updated_at
from {{ ref('akeneo__products') }}
{%- endset -%}
{%- autoescape true -%}
<h3>Changed last</h3>
{{ akeneo.report_table(columns, run_query(
    query ~ " order by case when effective_updated_at is null then 1 else 0 end, effective_updated_at desc,"
    ~ " product_key limit 25"
).rows, pim, 'There are no products.') | safe }}
<h3>Least complete</h3>
{{ akeneo.report_table(columns, run_query(
    query ~ " where average_completeness < 100 order by average_completeness, product_key limit 25"
).rows, pim, 'No product is known to be incomplete.') | safe }}
{%- endautoescape -%}
{% endmacro %}
