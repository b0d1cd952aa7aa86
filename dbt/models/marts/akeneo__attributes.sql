{{ config(indexes=akeneo.lookup('lower(attribute)')) }}

with attributes as (
    select * from {{ ref('stg_akeneo__attributes') }}
),

attribute_groups as (
    select * from {{ ref('stg_akeneo__attribute_groups') }}
)

select
    attributes.attribute,
    {{ akeneo.label('attributes.labels', 'attributes.attribute') }} as attribute_label,
    attributes.attribute_type,
    attributes.attribute_group,
    coalesce(
        -- PIMs before 4.0 do not send the name of the group with the attribute.
        nullif({{ akeneo.json_text('attributes.group_labels', "'" ~ var('akeneo_locale') ~ "'") }}, ''),
        {{ akeneo.label('attribute_groups.labels', 'attributes.attribute_group') }}
    ) as attribute_group_label,
    attributes.is_localizable,
    attributes.is_scopable,
    coalesce(attributes.is_unique, false) as is_unique,
    attributes.attribute = main_identifier.attribute as is_main_identifier,
    attributes.measurement_family,
    attributes.default_unit,
    attributes.reference_data_name,
    attributes.sort_order
from attributes
cross join (select * from {{ ref('int_akeneo__main_identifier') }}) as main_identifier
left join attribute_groups
    on lower(attribute_groups.attribute_group) = lower(attributes.attribute_group)
