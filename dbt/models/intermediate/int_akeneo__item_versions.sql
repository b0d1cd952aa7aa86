{#
    Each product and model that was loaded, with the number of the build that first saw its latest
    state. Models that work only on what has changed compare that number with the greatest they know.
    An item that is no longer in the loader's table stays here as gone, so that they delete its rows.
#}
{{ config(
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key=['item_type', 'item_key'],
    on_schema_change='fail',
) }}

with products as (
    select product_key, extracted_at from {{ ref('stg_akeneo__products') }}
),

-- Not from `products`, which is used twice, because DuckDB would store the contents of all products.
contents as (
    select * from {{ ref('stg_akeneo__products') }}
),

models as (
    select * from {{ ref('stg_akeneo__product_models') }}
),

items as (
    select 'product' as item_type, product_key as item_key, extracted_at from products
    where product_key is not null

    union all

    select 'product_model' as item_type, product_model as item_key, extracted_at from models
    where product_model is not null
),

{% if is_incremental() %}
known as (
    select * from {{ this }}
),

changed as (
    select
        coalesce(items.item_type, known.item_type) as item_type,
        coalesce(items.item_key, known.item_key) as item_key,
        items.extracted_at,
        items.item_key is null as is_gone
    from items
    full outer join known
        on known.item_type = items.item_type and known.item_key = items.item_key
    where (items.item_key is null and not known.is_gone)
        or (items.item_key is not null and (
            -- Without a date nobody knows, so it counts as changed.
            coalesce(known.is_gone or items.extracted_at <> known.extracted_at, true)
        ))
),

latest as (
    select coalesce(max(build_number), 0) as build_number from known
)
{% else %}
changed as (
    select items.*, false as is_gone from items
),

latest as (
    select 0 as build_number
)
{% endif %}

select
    changed.item_type,
    changed.item_key,
    changed.extracted_at,
    changed.is_gone,
    -- Of all that counts as a change in the history of a product.
    {{ dbt.hash(dbt.concat([
        "coalesce(contents.product_identifier, '')", "'|'",
        "coalesce(contents.family, '')", "'|'",
        "coalesce(contents.parent, '')", "'|'",
        "case when contents.enabled then 'enabled' else '' end", "'|'",
        "coalesce(" ~ akeneo.json_as_written('contents.categories') ~ ", '')",
        "coalesce(" ~ akeneo.json_as_written('contents.product_groups') ~ ", '')",
        "coalesce(" ~ akeneo.json_as_written('contents.associations') ~ ", '')",
        "coalesce(" ~ akeneo.json_as_written('contents.quantified_associations') ~ ", '')",
        "coalesce(" ~ akeneo.json_as_written('contents.attribute_values') ~ ", '')",
    ])) }} as content_hash,
    {{ akeneo.next_build_number('latest.build_number') }} as build_number
from changed
cross join latest
left join contents
    on changed.item_type = 'product' and contents.product_key = changed.item_key
