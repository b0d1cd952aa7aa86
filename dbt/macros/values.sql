{#
    A query with one row for each single value in the JSON objects that hold values by attribute:
    the given columns, `attribute`, `channel`, `locale`, `position` (of an element of a list, from 1),
    `content` (as text; of an object JSON), and `amount`, `unit` and `currency` if it is an object that
    has them. It does not know the types of attributes. `typed_text` returns the text by the type.

    Args:
        items: A relation with a column `attribute_values`.
        columns: Columns to keep.
        channel: Name of the member that has the code of the channel.
#}
{% macro exploded_values(items, columns, channel='scope') %}
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
            {% for name in ['amount', 'unit', 'currency'] %}
            case when {{ akeneo.json_kind('item') }} = 'object'
                then {{ akeneo.json_text('item', "'" ~ name ~ "'") }} end as {{ name }}{{ ',' if not loop.last }}
            {% endfor %}
        from elements
    )

    select * from texts
    where content <> ''
{% endmacro %}


{# The text of a value of `exploded_values`; null if it is empty. #}
{% macro typed_text(attribute_type, row) -%}
    nullif(
        case when {{ attribute_type }} in ('pim_catalog_metric', 'pim_catalog_price_collection')
            then {{ row }}.amount else {{ row }}.content end,
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


{# Delete the values of items that were read again or no longer exist. #}
{% macro delete_outdated_values(relation) %}
    delete from {{ relation }}
    where exists (
        select 1 from (select * from {{ ref('int_akeneo__item_versions') }}) as versions
        where versions.item_type = {{ relation }}.item_type
            and versions.item_key = {{ relation }}.item_key
            and versions.build_number > (select coalesce(max(build_number), 0) from {{ relation }})
    )
{% endmacro %}
