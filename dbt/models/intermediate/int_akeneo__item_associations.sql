{# What items name as associated, taken out of the JSON. As `int_akeneo__item_values`, only for changed items. #}
{{ config(
    materialized='incremental',
    incremental_strategy='append',
    on_schema_change='fail',
    pre_hook="{% if is_incremental() %}{{ akeneo.delete_outdated_rows(this) }}{% endif %}",
) }}

with items as (
    {{ akeneo.changed_items(['associations', 'quantified_associations']) }}
),

{% set columns = ['item_type', 'item_key', 'build_number'] %}

of_types as (
    {% for name in ['associations', 'quantified_associations'] %}
    select
        item_type, item_key, build_number, name as association_type, item as associated,
        {{ 'true' if name == 'quantified_associations' else 'false' }} as is_quantified
    from (
        {{ akeneo.unnest_object('items', columns, name) }}
    ) as {{ name }}
    {% if not loop.last %}union all{% endif %}
    {% endfor %}
),

{% set columns = columns + ['association_type', 'is_quantified'] %}

of_kinds as (
    {{ akeneo.unnest_object('of_types', columns, 'associated') }}
),

listed as (
    {{ akeneo.unnest_list('of_kinds', columns + ['name'], 'item') }}
),

targets as (
    select
        item_type, item_key, build_number, association_type, is_quantified, position,
        case name
            when 'products' then 'product'
            when 'product_models' then 'product_model'
            else 'group'
        end as target_type,
        case
            when not is_quantified then {{ akeneo.json_as_text('item') }}
            else coalesce({{ akeneo.json_text('item', "'uuid'") }}, {{ akeneo.json_text('item', "'identifier'") }})
        end as target,
        case when is_quantified
            then {{ akeneo.safe_number(akeneo.json_text('item', "'quantity'")) }} end as quantity
    from listed
)

select * from targets
where target <> ''
