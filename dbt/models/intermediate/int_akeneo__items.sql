with products as (
    select * from {{ ref('int_akeneo__all_products') }}
    where not is_deleted
),

models as (
    select * from {{ ref('int_akeneo__all_product_models') }}
    where not is_deleted
)

select
    'product' as item_type,
    product_key as item_key,
    identifier,
    family,
    cast(null as {{ dbt.type_string() }}) as family_variant,
    parent,
    updated_at,
    extracted_at
from products

union all

select
    'product_model' as item_type,
    product_model as item_key,
    product_model as identifier,
    family,
    family_variant,
    parent,
    updated_at,
    extracted_at
from models
