{#
    Parsing JSON takes most of the time, so it is done only for items that were read again since. An
    item's rows have the number of the build in which its latest state was first seen; see
    `int_akeneo__item_versions`. The deletion of rows and their insertion both go by that number, so the
    next build repairs one that was interrupted.

    Nothing here depends on other tables. What an attribute, a channel or an option is now is joined in
    `akeneo__product_values`.
#}
{{ config(
    materialized='incremental',
    incremental_strategy='append',
    on_schema_change='fail',
    pre_hook="{% if is_incremental() %}{{ akeneo.delete_outdated_rows(this) }}{% endif %}",
) }}

with items as (
    {{ akeneo.changed_items(['attribute_values']) }}
),

exploded as (
    {{ akeneo.exploded_values('items', ['item_type', 'item_key', 'build_number']) }}
)

select * from exploded
