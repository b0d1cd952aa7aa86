with deleted as (
    select * from {{ ref('int_akeneo__all_products') }}
    where is_deleted
),

-- Some loaders remove the rows of deleted products, so only earlier builds have seen them.
removed as (
    select * from {{ ref('akeneo__product_versions') }} as versions
    where dbt_valid_to is null
        and lower(cast(dbt_is_deleted as {{ dbt.type_string() }})) = 'true'
        and not exists (
            select 1 from {{ ref('stg_akeneo__products') }} as products
            where products.product_key = versions.product_key
        )
)

select
    product_key,
    identifier,
    family,
    parent,
    updated_at as last_updated_at,
    coalesce(deleted_at, missing_since) as missing_since
from deleted

union all

select
    product_key,
    identifier,
    family,
    parent,
    effective_updated_at as last_updated_at,
    dbt_valid_from as missing_since
from removed
