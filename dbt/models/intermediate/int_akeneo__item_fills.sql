-- depends_on: {{ ref('int_akeneo__item_versions') }}
{#
    For each product, a hash of the places where it has values: products with the same hash have values of the
    same attributes, channels and locales. So fill rates are counted by hash, and not from all values. Only for
    changed products, as `int_akeneo__item_values`.
#}
{{ config(
    materialized='incremental',
    incremental_strategy='append',
    on_schema_change='fail',
    pre_hook="{% if is_incremental() %}{{ akeneo.delete_outdated_rows(this) }}{% endif %}",
) }}

with item_values as (
    select * from {{ ref('int_akeneo__item_values') }}
    where item_type = 'product'
        {% if is_incremental() %}
        and build_number > (select coalesce(max(build_number), 0) from {{ this }})
        {% endif %}
),

-- What a value needs depends on the type of its attribute, which may change: a price needs an amount, a row
-- of a table is an object.
filled_places as (
    select
        item_type,
        item_key,
        build_number,
        attribute || '|' || coalesce(channel, '') || '|' || coalesce(locale, '') || '|'
        || case when amount <> '' then 'amount' else '' end || '|'
        || case when is_object then 'object' else '' end as place
    from item_values
)

select
    item_type,
    item_key,
    build_number,
    {{ dbt.hash(dbt.listagg('distinct place', "';'", 'order by place')) }} as fill_hash
from filled_places
group by item_type, item_key, build_number
