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
        lower(attribute_as_label) as label_code,
        lower(attribute_as_image) as image_code
    from {{ ref('stg_akeneo__families') }}
),

item_values as (
    select item_key as product_key, lower(attribute) as attribute_code, channel, locale, position, content
    from {{ ref('int_akeneo__item_values') }}
    where item_type = 'product'
        and lower(attribute) in (
            select label_code from families
            union
            select image_code from families
        )
        and (locale is null or lower(locale) = lower('{{ var("akeneo_locale") }}'))
        {% if var('akeneo_channel', none) %}
        and (channel is null or lower(channel) = lower('{{ var("akeneo_channel") }}'))
        {% endif %}
),

-- Without a chosen channel, the value of the first one that has a value.
chosen as (
    select
        item_values.product_key,
        item_values.attribute_code,
        item_values.content,
        row_number() over (
            partition by item_values.product_key, item_values.attribute_code
            order by coalesce(item_values.channel, ''), item_values.position
        ) as place
    from item_values
),

named as (
    select
        chosen.product_key,
        max(case when chosen.attribute_code = families.label_code then chosen.content end) as label,
        max(case when chosen.attribute_code = families.image_code then chosen.content end) as image
    from chosen
    inner join lineage on lineage.item_key = chosen.product_key
    inner join families on families.family = lineage.family
    where chosen.place = 1
    group by chosen.product_key
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
from products
cross join main_identifier
left join lineage on lineage.item_key = products.product_key
left join families on families.family = lineage.family
left join named on named.product_key = products.product_key
left join categories on categories.product_key = products.product_key
left join completeness on completeness.product_key = products.product_key
