with products as (
    select
        product_key, uuid, identifier, family, parent, enabled, created_at, updated_at, extracted_at
    from {{ ref('int_akeneo__all_products') }}
    where not is_deleted
),

lineage as (
    select * from {{ ref('int_akeneo__lineage') }}
    where item_type = 'product'
),

families as (
    select
        family,
        {{ akeneo.label('labels', 'family') }} as family_label,
        attribute_as_label,
        attribute_as_image
    from {{ ref('stg_akeneo__families') }}
),

named as (
    select
        entries.item_key as product_key,
        max(case when entries.attribute = families.attribute_as_label then entries.text_value end) as label,
        max(case when entries.attribute = families.attribute_as_image then entries.text_value end) as image
    from {{ ref('int_akeneo__value_entries') }} as entries
    inner join lineage on lineage.item_key = entries.item_key
    inner join families on families.family = lineage.family
    where entries.item_type = 'product'
        and entries.attribute in (families.attribute_as_label, families.attribute_as_image)
        and (entries.locale is null or entries.locale = '{{ var("akeneo_locale") }}')
        {% if var('akeneo_channel', none) %}
        and (entries.channel is null or entries.channel = '{{ var("akeneo_channel") }}')
        {% endif %}
    group by entries.item_key
),

categories as (
    select
        product_key,
        {{ dbt.listagg('category', "', '", 'order by category') }} as categories
    from {{ ref('akeneo__product_categories') }}
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
    case when families.attribute_as_label = main_identifier.attribute
        then products.identifier else named.label end as label,
    named.image,
    products.family,
    families.family_label,
    products.parent,
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
from products
cross join {{ ref('int_akeneo__main_identifier') }} as main_identifier
left join lineage on lineage.item_key = products.product_key
left join families on families.family = products.family
left join named on named.product_key = products.product_key
left join categories on categories.product_key = products.product_key
left join completeness on completeness.product_key = products.product_key
