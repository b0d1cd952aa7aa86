with main_identifier as (
    select * from {{ ref('int_akeneo__main_identifier') }}
),

lineage as (
    select * from {{ ref('int_akeneo__lineage') }}
),

entries as (
    select
        entries.item_type, entries.item_key, entries.attribute, entries.attribute_type,
        entries.channel, entries.locale, entries.position, entries.text_value,
        entries.unit, entries.currency
    from {{ ref('int_akeneo__value_entries') }} as entries
    cross join main_identifier
    where entries.item_type <> 'product'
        or main_identifier.attribute is null
        or entries.attribute <> main_identifier.attribute

    union all

    -- The identifier is a value as well, even if the PIM sends it outside the values.
    select
        lineage.item_type, lineage.item_key, main_identifier.attribute,
        'pim_catalog_identifier' as attribute_type, null as channel, null as locale, 1 as position,
        lineage.identifier as text_value, null as unit, null as currency
    from lineage
    cross join main_identifier
    where lineage.item_type = 'product'
        and main_identifier.attribute is not null
        and lineage.identifier is not null
),

-- A value is looked up in lower case, because values may write a code in another letter case.
labels as (
    select
        attribute,
        lower(option_code) as option_code,
        min({{ akeneo.label('labels', 'option_code') }}) as option_label
    from {{ ref('stg_akeneo__attribute_options') }}
    group by attribute, lower(option_code)
),

-- The PIM hides values that name a deleted record or asset, without a new date of the product.
deleted as (
    select attributes.attribute, lower(deleted.code) as code
    from {{ ref('stg_akeneo__attributes') }} as attributes
    inner join {{ ref('int_akeneo__deleted_entities') }} as deleted
        on deleted.owner = attributes.reference_data_name
        and deleted.entity_type = case attributes.attribute_type
            when 'pim_catalog_asset_collection' then 'asset'
            when 'akeneo_reference_entity' then 'record'
            when 'akeneo_reference_entity_collection' then 'record'
        end
),

levels as (
    select
        entries.*,
        lineage.identifier,
        lineage.family,
        lineage.parent,
        lineage.root_model,
        lineage.level,
        coalesce(variant_attributes.level, 0) as attribute_level
    from entries
    inner join lineage
        on lineage.item_type = entries.item_type and lineage.item_key = entries.item_key
    left join {{ ref('int_akeneo__variant_attributes') }} as variant_attributes
        on variant_attributes.family = lineage.family
        and variant_attributes.family_variant = lineage.family_variant
        and variant_attributes.attribute = entries.attribute
)

select
    levels.item_type,
    case when levels.item_type = 'product' then levels.item_key end as product_key,
    case when levels.item_type = 'product_model' then levels.item_key end as product_model,
    levels.identifier,
    levels.family,
    levels.attribute,
    levels.attribute_type,
    levels.channel,
    levels.locale,
    levels.position,
    levels.text_value,
    {{ akeneo.typed_values(
        numbers=['pim_catalog_number', 'pim_catalog_metric', 'pim_catalog_price_collection'],
        booleans=['pim_catalog_boolean'],
        dates=['pim_catalog_date'],
    ) }},
    levels.unit,
    levels.currency,
    case when levels.attribute_type in ('pim_catalog_simpleselect', 'pim_catalog_multiselect')
        then coalesce(labels.option_label, '[' || levels.text_value || ']') end as option_label,
    levels.attribute_level < levels.level as is_inherited,
    case
        when levels.attribute_level >= levels.level then null
        when levels.attribute_level = 0 then levels.root_model
        else levels.parent
    end as inherited_from
from levels
left join labels
    on labels.attribute = levels.attribute
    and labels.option_code = lower(levels.text_value)
left join deleted
    on deleted.attribute = levels.attribute and deleted.code = lower(levels.text_value)
where deleted.attribute is null
