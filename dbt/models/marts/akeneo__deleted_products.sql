with deleted as (
    select * from {{ ref('int_akeneo__all_products') }}
    where is_deleted
),

staged as (
    select product_key from {{ ref('stg_akeneo__products') }}
),

versions as (
    {{ akeneo.product_versions() }}
),

-- Some loaders remove the rows of deleted products, so only earlier builds have seen them.
removed as (
    select * from versions
    where dbt_valid_to is null
        and lower(cast(dbt_is_deleted as {{ dbt.type_string() }})) = 'true'
        and not exists (
            select 1 from staged
            where staged.product_key = versions.product_key
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
