{#
    A query with one row for each single value in the JSON objects that hold values by attribute:
    the given columns, `attribute`, `channel`, `locale`, `position` (of an element of a list, from 1),
    `content` (as text; of an object JSON), `is_object`, and `amount`, `unit` and `currency` if it is an
    object that has them. It does not know the types of attributes. `typed_text` returns the text by the type.

    Args:
        items: A relation with a column `attribute_values`.
        columns: Columns to keep.
        channel: Name of the member that has the code of the channel.
#}
{% macro exploded_values(items, columns, channel='scope') %}
    {{- return(adapter.dispatch('exploded_values', 'akeneo')(items, columns, channel)) -}}
{% endmacro %}

{% macro default__exploded_values(items, columns, channel) %}
    with of_attributes as (
        {{ akeneo.unnest_object(items, columns, 'attribute_values') }}
    ),

    entries as (
        {{ akeneo.unnest_list('of_attributes', columns + ['name'], 'item') }}
    ),

    contents as (
        select
            {% for column in columns %}{{ column }}, {% endfor %}
            name as attribute,
            {{ akeneo.json_text('item', "'" ~ channel ~ "'") }} as channel,
            {{ akeneo.json_text('item', "'locale'") }} as locale,
            {{ akeneo.json_member('item', "'data'") }} as content
        from entries
    ),

    {%- set kept = columns + ['attribute', 'channel', 'locale'] %}

    elements as (
        {{ akeneo.unnest_list('contents', kept, 'content', wrap=true) }}
    ),

    texts as (
        select
            {% for column in kept %}{{ column }}, {% endfor %}
            position,
            {{ akeneo.json_as_text('item') }} as content,
            coalesce({{ akeneo.json_kind('item') }} = 'object', false) as is_object,
            {% for name in ['amount', 'unit', 'currency'] %}
            case when {{ akeneo.json_kind('item') }} = 'object'
                then {{ akeneo.json_text('item', "'" ~ name ~ "'") }} end as {{ name }}{{ ',' if not loop.last }}
            {% endfor %}
        from elements
    )

    select * from texts
    where content <> ''
{% endmacro %}

{# One read of the object, one `unnest` for attributes and their entries, and another for lists. #}
{% macro duckdb__exploded_values(items, columns, channel) %}
    {%- set kept -%}
        {% for column in columns %}{{ column }}, {% endfor %}attribute, channel, locale
    {%- endset -%}
    with entries as (
        select
            {% for column in columns %}{{ column }}, {% endfor %}
            unnest(flatten([
                [{'name': member.key, 'entry': entry} for entry in member.value]
                for member in map_entries(json_transform(
                    attribute_values, '"map(varchar, struct({{ channel }} varchar, locale varchar, data json)[])"'
                ))
            ])) as found
        from {{ items }}
    ),

    contents as (
        select
            {% for column in columns %}{{ column }}, {% endfor %}
            found.name as attribute,
            found.entry.{{ channel }} as channel,
            found.entry.locale as locale,
            case when json_type(found.entry.data) = 'ARRAY' then cast(found.entry.data as json[])
                else [found.entry.data] end as listed
        from entries
    ),

    elements as (
        select {{ kept }}, generate_subscripts(listed, 1) as position, unnest(listed) as item
        from contents
    ),

    kinds as (
        select *, json_type(item) = 'OBJECT' as is_object from elements
    ),

    texts as (
        select
            {{ kept }}, position, item ->> '$' as content, is_object,
            {% for name in ['amount', 'unit', 'currency'] -%}
            case when is_object then item ->> '$.{{ name }}' end as {{ name }}{{ ', ' if not loop.last }}
            {%- endfor %}
        from kinds
    )

    select * from texts
    where content <> ''
{% endmacro %}

{# `jsonb_to_recordset` refuses a list with an element that is no object. #}
{% macro postgres__exploded_values(items, columns, channel) %}
    {%- set kept -%}
        {% for column in columns %}{{ column }}, {% endfor %}attribute, channel, locale
    {%- endset -%}
    {%- set parts -%}
        item #>> '{}' as content, coalesce(jsonb_typeof(item) = 'object', false) as is_object,
        {% for name in ['amount', 'unit', 'currency'] -%}
        case when jsonb_typeof(item) = 'object' then item ->> '{{ name }}' end as {{ name }}{{ ', ' if not loop.last }}
        {%- endfor %}
    {%- endset -%}
    with entries as materialized (
        select
            {% for column in columns %}items.{{ column }}, {% endfor %}
            members.name as attribute,
            entries.{{ channel }} as channel,
            entries.locale,
            entries.data as item,
            jsonb_typeof(entries.data) as kind
        from (select * from {{ items }}) as items
        cross join lateral jsonb_each(
            case when jsonb_typeof(attribute_values) = 'object' then attribute_values end
        ) as members (name, listed)
        cross join lateral jsonb_to_recordset(
            case when jsonb_typeof(members.listed) = 'array'
                    and not members.listed @? '$[*] ? (@.type() <> "object")'
                then members.listed end
        ) as entries ({{ channel }} text, locale text, data jsonb)
    ),

    elements as (
        select {{ kept }}, listed.position, listed.item
        from entries
        cross join lateral jsonb_array_elements(case when kind = 'array' then entries.item end)
            with ordinality as listed (item, position)
        where kind = 'array'
    ),

    texts as (
        select {{ kept }}, 1 as position, {{ parts }}
        from entries
        where kind <> 'array'

        union all

        select {{ kept }}, position, {{ parts }}
        from elements
    )

    select * from texts
    where content <> ''
{% endmacro %}


{# The text of a value of `exploded_values`; null if it is empty. #}
{% macro typed_text(attribute_type, row) -%}
    nullif(
        case
            when {{ attribute_type }} in ('pim_catalog_metric', 'pim_catalog_price_collection')
                then {{ row }}.amount
            -- A row of a table is an object.
            when {{ attribute_type }} = 'pim_catalog_table' and not {{ row }}.is_object then null
            else {{ row }}.content
        end,
        ''
    )
{%- endmacro %}


{# Columns with a value in its own type, from `attribute_type` and a text. #}
{% macro typed_values(numbers, booleans, dates, text='text_value') %}
    case when attribute_type in ('{{ numbers | join("', '") }}')
        then {{ akeneo.safe_number(text) }} end as number_value,
    case when attribute_type in ('{{ booleans | join("', '") }}')
        then {{ text }} = 'true' end as boolean_value,
    case when attribute_type in ('{{ dates | join("', '") }}')
        then {{ akeneo.safe_date(text) }} end as date_value
{%- endmacro %}


{#
    Whether something that an item names still exists. It does not if the list of such things was read
    after the item and does not have it: the PIM hides it then, without a new date of the item. The
    variable `akeneo_include_removed` makes everything count.

    Args:
        found: SQL that is null if the list does not have it.
        listed_at: SQL for the time when the list was read.
        read_at: SQL for the time when the item was read.
#}
{% macro not_removed(found, listed_at, read_at) -%}
    {%- if var('akeneo_include_removed', false) -%}
        true
    {%- else -%}
        ({{ found }} is not null or coalesce({{ listed_at }} <= {{ read_at }}, true))
    {%- endif -%}
{%- endmacro %}


{#
    Delete the rows of items that were read again or no longer exist, from an incremental model with the
    columns `item_type`, `item_key` and `build_number`. The model then inserts `changed_items`.
#}
{% macro delete_outdated_rows(relation) %}
    delete from {{ relation }}
    where exists (
        select 1 from (select * from {{ ref('int_akeneo__item_versions') }}) as versions
        where versions.item_type = {{ relation }}.item_type
            and versions.item_key = {{ relation }}.item_key
            and versions.build_number > (select coalesce(max(build_number), 0) from {{ relation }})
    )
{% endmacro %}


{#
    A query of the products and models that an incremental model does not have in their latest state: all
    in its first build.

    Args:
        columns: Names of columns of the staging models to return with `item_type`, `item_key` and
            `build_number`.
#}
{% macro changed_items(columns) %}
    {%- for item_type, model, key in [
        ('product', 'stg_akeneo__products', 'product_key'),
        ('product_model', 'stg_akeneo__product_models', 'product_model'),
    ] %}
    select
        versions.item_type, versions.item_key, versions.build_number
        {%- for column in columns %}, items.{{ column }}{% endfor %}
    from (select * from {{ ref('int_akeneo__item_versions') }}) as versions
    inner join (select * from {{ ref(model) }}) as items on items.{{ key }} = versions.item_key
    where versions.item_type = '{{ item_type }}'
        and not versions.is_gone
        {%- if is_incremental() %}
        and versions.build_number > (select coalesce(max(build_number), 0) from {{ this }})
        {%- endif %}
    {% if not loop.last %}union all{% endif %}
    {%- endfor %}
{% endmacro %}


{#
    The number of this build: greater than the latest, and milliseconds, so that the numbers of a full
    refresh are greater than those of the builds before.
#}
{% macro next_build_number(latest) -%}
    greatest(
        {{ latest }} + 1,
        cast({{ (run_started_at.timestamp() * 1000) | int }} as {{ dbt.type_bigint() }})
    )
{%- endmacro %}


{# Delete the missing values of products that are compared again or no longer exist. #}
{% macro delete_outdated_checks(relation) %}
    delete from {{ relation }}
    where exists (
        select 1 from (select * from {{ ref('int_akeneo__requirement_checks') }}) as checks
        where checks.product_key = {{ relation }}.product_key
            and checks.build_number > (select coalesce(max(build_number), 0) from {{ relation }})
    )
{% endmacro %}


{#
    A query of the codes that items list in an array, each once whatever its letter case.

    Args:
        model: Name of the model of the items.
        key: Name of its key.
        list: Name of its column with the array.
        code: Name of the column for the codes.
#}
{% macro listed_once(model, key, list, code) %}
with items as (
    select * from {{ ref(model) }}
),

listed as (
    {{ akeneo.unnest_list('items', [key], list) }}
),

codes as (
    select {{ key }}, {{ akeneo.json_as_text('item') }} as {{ code }}
    from listed
)

select {{ key }}, min({{ code }}) as {{ code }}
from codes
where {{ code }} <> ''
group by {{ key }}, lower({{ code }})
{% endmacro %}
