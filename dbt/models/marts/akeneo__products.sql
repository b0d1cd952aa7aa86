with products as (
    select * from {{ ref('int_akeneo__all_products') }}
    where not is_deleted
),

lineage as (
    select * from {{ ref('int_akeneo__lineage') }}
    where item_type = 'product'
),

main_identifier as (
    select * from {{ ref('int_akeneo__main_identifier') }}
),

families as (
    select
        family,
        {{ akeneo.label('labels', 'family') }} as family_label,
        lower(attribute_as_label) as label_code
    from {{ ref('stg_akeneo__families') }}
),

named as (
    select * from {{ ref('int_akeneo__item_names') }}
    where item_type = 'product'
),

product_categories as (
    select * from {{ ref('akeneo__product_categories') }}
),

categories as (
    select
        product_key,
        {{ dbt.listagg('category', "', '", 'order by category') }} as categories
    from product_categories
    group by product_key
),

completeness as (
    select
        product_key,
        avg(completeness) as average_completeness,
        min(completeness) as lowest_completeness
    from {{ ref('akeneo__completeness') }}
    group by product_key
)

select
    products.product_key,
    products.uuid,
    products.identifier,
    -- As in the PIM, it is in brackets if there is no label.
    coalesce(
        case when families.label_code = lower(main_identifier.attribute)
            then products.identifier else named.label end,
        '[' || coalesce(products.identifier, products.product_key) || ']'
    ) as label,
    named.image,
    lineage.family,
    families.family_label,
    lineage.parent,
    lineage.root_model,
    lineage.family_variant,
    products.enabled as is_enabled,
    categories.categories,
    completeness.average_completeness,
    completeness.lowest_completeness,
    products.created_at,
    products.updated_at,
    lineage.effective_updated_at,
    products.extracted_at
    {%- for column in akeneo.pass_through_columns('products') %},
    products.{{ column }}
    {%- endfor %}
from products
cross join main_identifier
left join lineage on lineage.item_key = products.product_key
left join families on families.family = lineage.family
left join named on named.item_key = products.product_key
left join categories on categories.product_key = products.product_key
left join completeness on completeness.product_key = products.product_key
