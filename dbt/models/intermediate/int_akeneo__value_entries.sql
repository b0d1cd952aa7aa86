{#
    Parsing JSON takes most of the time, so it is done only for items that were read again. An item is
    up to date if its rows have the time at which it was last read. The deletion of rows and their
    insertion both look at that, so the next build repairs one that was interrupted.
#}
{{ config(
    materialized='incremental',
    incremental_strategy='append',
    pre_hook="{% if is_incremental() %}{{ akeneo.delete_outdated_values(this) }}{% endif %}",
) }}

with items as (
    select item_type, item_key, attribute_values, extracted_at
    from {{ ref('int_akeneo__items') }} as items
    {% if is_incremental() %}
    where not exists (
        select 1 from {{ this }} as done
        where done.item_type = items.item_type
            and done.item_key = items.item_key
            and done.extracted_at = items.extracted_at
    )
    {% endif %}
),

exploded as (
    {{ akeneo.exploded_values(
        'items', ['item_type', 'item_key', 'extracted_at'], ref('stg_akeneo__attributes')
    ) }}
)

select * from exploded
