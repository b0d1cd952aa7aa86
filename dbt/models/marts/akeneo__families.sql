with families as (
    select * from {{ ref('stg_akeneo__families') }}
),

family_attributes as (
    select family, count(distinct attribute) as attributes
    from {{ ref('akeneo__family_attributes') }}
    group by family
),

products as (
    select family, count(*) as products
    from {{ ref('akeneo__products') }}
    group by family
),

attributes as (
    select attribute, lower(attribute) as attribute_code from {{ ref('stg_akeneo__attributes') }}
)

select
    families.family,
    {{ akeneo.label('families.labels', 'families.family') }} as family_label,
    coalesce(named_by.attribute, families.attribute_as_label) as label_attribute,
    coalesce(shown_by.attribute, families.attribute_as_image) as image_attribute,
    coalesce(family_attributes.attributes, 0) as attributes,
    coalesce(products.products, 0) as products
from families
left join family_attributes on family_attributes.family = families.family
left join products on products.family = families.family
left join attributes as named_by on named_by.attribute_code = lower(families.attribute_as_label)
left join attributes as shown_by on shown_by.attribute_code = lower(families.attribute_as_image)
