{#
    The query of `akeneo__product_values`.

    Args:
        keys: A relation with a column `product_key`: only these products. Databases do not see by
            themselves that they need not compute all others.
        attributes: A relation with a column `attribute_code`: only values of these attributes.
#}
{% macro product_values(keys=none, attributes=none) %}
with main_identifier as (
    select * from {{ ref('int_akeneo__main_identifier') }}
),

lineage as (
    select * from {{ ref('int_akeneo__lineage') }}
),

-- Not from `lineage`, for the same reason as `labels` below.
identified as (
    select * from {{ ref('int_akeneo__lineage') }}
    where item_type = 'product' and identifier is not null
),

item_values as (
    select * from {{ ref('int_akeneo__item_values') }}
),

attributes as (
    select *, lower(attribute) as attribute_code from {{ ref('akeneo__attributes') }}
),

attribute_list as (
    select max(extracted_at) as listed_at from {{ ref('stg_akeneo__attributes') }}
),

places as (
    select * from {{ ref('int_akeneo__places') }}
),

deleted_entities as (
    select * from {{ ref('int_akeneo__deleted_entities') }}
),

variant_attributes as (
    select * from {{ ref('int_akeneo__variant_attributes') }}
),

channels as (
    select * from {{ ref('stg_akeneo__channels') }}
),

latest as (
    select max(build_number) as build_number from {{ ref('int_akeneo__item_versions') }}
),

entries as (
    select
        item_values.item_type, item_values.item_key, item_values.attribute, item_values.channel,
        item_values.locale, item_values.position, item_values.content, item_values.is_object,
        item_values.amount, item_values.unit, item_values.currency,
        item_values.build_number = latest.build_number as is_from_latest_build
    from item_values
    cross join main_identifier
    cross join latest
    where (
            item_values.item_type <> 'product'
            or main_identifier.attribute is null
            or lower(item_values.attribute) <> lower(main_identifier.attribute)
        )
        {% if keys %}
        and item_values.item_type = 'product'
        and item_values.item_key in (select product_key from {{ keys }})
        {% endif %}
        {% if attributes %}
        and lower(item_values.attribute) in (select attribute_code from {{ attributes }})
        {% endif %}

    union all

    -- The identifier is a value as well, even if the PIM sends it outside the values.
    select
        identified.item_type, identified.item_key, main_identifier.attribute,
        null as channel, null as locale, 1 as position, identified.identifier as content,
        false as is_object, null as amount, null as unit, null as currency, false as is_from_latest_build
    from identified
    cross join main_identifier
    where main_identifier.attribute is not null
        {% if keys %}
        and identified.item_key in (select product_key from {{ keys }})
        {% endif %}
        {% if attributes %}
        and lower(main_identifier.attribute) in (select attribute_code from {{ attributes }})
        {% endif %}
),

typed as (
    select
        entries.item_type,
        entries.item_key,
        lineage.identifier,
        lineage.family,
        lineage.family_variant,
        lineage.parent,
        lineage.root_model,
        lineage.level,
        lineage.extracted_at,
        coalesce(attributes.attribute, entries.attribute) as attribute,
        lower(entries.attribute) as attribute_code,
        attributes.attribute_label,
        attributes.attribute_group,
        attributes.attribute_type,
        attributes.reference_data_name,
        coalesce(places.channel, entries.channel) as channel,
        coalesce(places.locale, entries.locale) as locale,
        entries.position,
        entries.is_from_latest_build,
        {{ akeneo.typed_text('attributes.attribute_type', 'entries') }} as text_value,
        case when attributes.attribute_type = 'pim_catalog_metric' then entries.unit end as unit,
        case when attributes.attribute_type = 'pim_catalog_price_collection'
            then entries.currency end as currency,
        case when attributes.attribute_type in ('pim_catalog_simpleselect', 'pim_catalog_multiselect')
            then lower(entries.content) end as option_code,
        case when attributes.attribute_type in (
            'pim_catalog_asset_collection', 'akeneo_reference_entity', 'akeneo_reference_entity_collection'
        ) then lower(entries.content) end as entity_code
    from entries
    inner join lineage
        on lineage.item_type = entries.item_type and lineage.item_key = entries.item_key
    left join attributes on attributes.attribute_code = lower(entries.attribute)
    left join places
        on places.channel_code = lower(coalesce(entries.channel, ''))
        and places.locale_code = lower(coalesce(entries.locale, ''))
    where {{ akeneo.not_removed(
            'attributes.attribute', '(select listed_at from attribute_list)', 'lineage.extracted_at'
        ) }}
        and {{ akeneo.not_removed(
            'places.is_place', '(select max(extracted_at) from channels)', 'lineage.extracted_at'
        ) }}
),

-- A value is looked up in lower case, because values may write a code in another letter case. Not one
-- `with` for both of these: PostgreSQL would use neither the statistics nor the index of the table.
labels as (
    select
        lower(attribute) as attribute_code,
        lower(option_code) as option_code,
        {{ akeneo.label('labels', 'option_code') }} as option_label
    from {{ ref('stg_akeneo__attribute_options') }}
),

option_lists as (
    select lower(attribute) as attribute_code, max(extracted_at) as listed_at
    from {{ ref('stg_akeneo__attribute_options') }}
    group by lower(attribute)
)

select
    typed.item_type,
    case when typed.item_type = 'product' then typed.item_key end as product_key,
    case when typed.item_type = 'product_model' then typed.item_key end as product_model,
    typed.identifier,
    typed.family,
    typed.attribute,
    typed.attribute_label,
    typed.attribute_group,
    typed.attribute_type,
    typed.channel,
    typed.locale,
    typed.position,
    typed.text_value,
    {{ akeneo.typed_values(
        numbers=['pim_catalog_number', 'pim_catalog_metric', 'pim_catalog_price_collection'],
        booleans=['pim_catalog_boolean'],
        dates=['pim_catalog_date'],
    ) }},
    typed.unit,
    typed.currency,
    case when typed.option_code is not null
        then coalesce(labels.option_label, '[' || typed.text_value || ']') end as option_label,
    coalesce(variant_attributes.level, 0) < typed.level as is_inherited,
    case
        when coalesce(variant_attributes.level, 0) >= typed.level then null
        when coalesce(variant_attributes.level, 0) = 0 then typed.root_model
        else typed.parent
    end as inherited_from,
    typed.is_from_latest_build
from typed
left join variant_attributes
    on lower(variant_attributes.family) = lower(typed.family)
    and lower(variant_attributes.family_variant) = lower(typed.family_variant)
    and lower(variant_attributes.attribute) = typed.attribute_code
left join labels
    on labels.attribute_code = typed.attribute_code and labels.option_code = typed.option_code
left join option_lists
    on option_lists.attribute_code = typed.attribute_code and typed.option_code is not null
-- The PIM hides values that name a deleted record or asset, without a new date of the product.
left join deleted_entities
    on deleted_entities.code = typed.entity_code
    and deleted_entities.owner = lower(typed.reference_data_name)
    and deleted_entities.entity_type
    = case when typed.attribute_type = 'pim_catalog_asset_collection' then 'asset' else 'record' end
where typed.text_value is not null
    and deleted_entities.code is null
    and {{ akeneo.not_removed('labels.option_code', 'option_lists.listed_at', 'typed.extracted_at') }}
{% endmacro %}
