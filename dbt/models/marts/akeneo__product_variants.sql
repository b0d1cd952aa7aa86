{% set single = 'position = 1 and channel is null and locale is null' %}

with variants as (
    select * from {{ ref('int_akeneo__lineage') }}
    where item_type = 'product' and root_model is not null
),

axes as (
    select * from {{ ref('int_akeneo__variant_attributes') }}
    where axis_position is not null
),

axis_codes as (
    select distinct lower(attribute) as attribute_code from axes
),

values_of_axes as (
    {{ akeneo.product_values(attributes='axis_codes') }}
),

-- An axis varies neither by channel nor by locale. These are no conditions of the query, because
-- PostgreSQL would take them for so rare that it compares all rows with each other.
axis_values as (
    select
        product_key,
        lower(attribute) as attribute_code,
        max(case when {{ single }} then text_value end) as axis_value,
        max(case when {{ single }} then option_label end) as option_label,
        max(case when {{ single }} then unit end) as unit
    from values_of_axes
    where product_key is not null
    group by product_key, lower(attribute)
)

select
    variants.item_key as product_key,
    variants.identifier,
    variants.family,
    variants.family_variant,
    variants.root_model,
    variants.parent,
    axes.level,
    axes.axis_position,
    axes.attribute as axis,
    axis_values.axis_value,
    coalesce(
        axis_values.option_label,
        axis_values.axis_value || coalesce(' ' || axis_values.unit, '')
    ) as axis_label
from variants
inner join axes
    on lower(axes.family) = lower(variants.family)
    and lower(axes.family_variant) = lower(variants.family_variant)
left join axis_values
    on axis_values.product_key = variants.item_key
    and axis_values.attribute_code = lower(axes.attribute)
