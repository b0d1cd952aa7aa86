with variants as (
    select * from {{ ref('int_akeneo__lineage') }}
    where item_type = 'product' and root_model is not null
),

axes as (
    select * from {{ ref('int_akeneo__variant_attributes') }}
    where axis_position is not null
),

axis_values as (
    select product_key, attribute, text_value, option_label, number_value, unit
    from {{ ref('akeneo__product_values') }}
    where item_type = 'product' and position = 1
        and lower(attribute) in (select lower(attribute) from axes)
        -- An axis varies neither by channel nor by locale.
        and channel is null
        and locale is null
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
    axis_values.text_value as axis_value,
    coalesce(
        axis_values.option_label,
        axis_values.text_value || coalesce(' ' || axis_values.unit, '')
    ) as axis_label
from variants
inner join axes
    on lower(axes.family) = lower(variants.family)
    and lower(axes.family_variant) = lower(variants.family_variant)
left join axis_values
    on axis_values.product_key = variants.item_key
    and lower(axis_values.attribute) = lower(axes.attribute)
