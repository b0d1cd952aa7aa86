{#
    A query with one row for each single value in the JSON objects that hold values by attribute:
    the given columns, `attribute`, `attribute_type`, `channel`, `locale`, `position` (of an
    element of a list, from 1), `text_value`, `unit` and `currency`. Empty values have no row.

    Args:
        items: A relation with a column `attribute_values`.
        columns: Columns to keep.
        attributes: A relation with the columns `attribute` and `attribute_type`, and those of `by`.
        by: Columns that say in which list of attributes to look.
        channel: Name of the member that has the code of the channel.
#}
{% macro exploded_values(items, columns, attributes, by=[], channel='scope') %}
    with of_attributes as (
        {{ akeneo.unnest_object(items, columns, 'attribute_values') }}
    ),

    entries as (
        {{ akeneo.unnest_list('of_attributes', columns + ['name'], 'item') }}
    ),

    typed as (
        select
            {% for column in columns %}entries.{{ column }}, {% endfor %}
            entries.name as attribute,
            attributes.attribute_type,
            {{ akeneo.json_text('entries.item', "'" ~ channel ~ "'") }} as channel,
            {{ akeneo.json_text('entries.item', "'locale'") }} as locale,
            {{ akeneo.json_member('entries.item', "'data'") }} as content
        from entries
        left join {{ attributes }} as attributes
            on attributes.attribute = entries.name
            {% for column in by %}and attributes.{{ column }} = entries.{{ column }}{% endfor %}
    ),

    {%- set kept = columns + ['attribute', 'attribute_type', 'channel', 'locale'] %}

    elements as (
        {{ akeneo.unnest_list('typed', kept, 'content', wrap=true) }}
    ),

    texts as (
        select
            {% for column in kept %}{{ column }}, {% endfor %}
            position,
            case
                when attribute_type in ('pim_catalog_metric', 'pim_catalog_price_collection')
                    then {{ akeneo.json_text('item', "'amount'") }}
                else {{ akeneo.json_as_text('item') }}
            end as text_value,
            case when attribute_type = 'pim_catalog_metric'
                then {{ akeneo.json_text('item', "'unit'") }} end as unit,
            case when attribute_type = 'pim_catalog_price_collection'
                then {{ akeneo.json_text('item', "'currency'") }} end as currency
        from elements
    )

    select * from texts
    where text_value <> ''
{% endmacro %}


{# Columns with a value in its own type, from `attribute_type` and `text_value`. #}
{% macro typed_values(numbers, booleans, dates) %}
    case when attribute_type in ('{{ numbers | join("', '") }}')
        then {{ akeneo.safe_number('text_value') }} end as number_value,
    case when attribute_type in ('{{ booleans | join("', '") }}')
        then text_value = 'true' end as boolean_value,
    case when attribute_type in ('{{ dates | join("', '") }}')
        then {{ akeneo.safe_date('text_value') }} end as date_value
{%- endmacro %}


{# Delete the values of items that were read again or no longer exist. #}
{% macro delete_outdated_values(relation) %}
    delete from {{ relation }}
    where not exists (
        select 1 from {{ ref('int_akeneo__items') }} as items
        where items.item_type = {{ relation }}.item_type
            and items.item_key = {{ relation }}.item_key
            and items.extracted_at = {{ relation }}.extracted_at
    )
{% endmacro %}
