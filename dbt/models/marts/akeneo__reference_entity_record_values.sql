with records as (
    select reference_entity, record, attribute_values, extracted_at
    from {{ ref('int_akeneo__all_records') }}
    where not is_deleted
),

attributes as (
    select * from {{ ref('stg_akeneo__reference_entity_attributes') }}
),

attribute_lists as (
    select lower(reference_entity) as reference_entity_code, max(extracted_at) as listed_at
    from attributes
    group by lower(reference_entity)
),

places as (
    select * from {{ ref('int_akeneo__places') }}
),

channels as (
    select * from {{ ref('stg_akeneo__channels') }}
),

deleted_entities as (
    select * from {{ ref('int_akeneo__deleted_entities') }}
),

exploded as (
    {{ akeneo.exploded_values('records', ['reference_entity', 'record', 'extracted_at'], channel='channel') }}
)

select
    exploded.reference_entity,
    exploded.record,
    coalesce(attributes.attribute, exploded.attribute) as attribute,
    attributes.attribute_type,
    coalesce(places.channel, exploded.channel) as channel,
    coalesce(places.locale, exploded.locale) as locale,
    exploded.position,
    exploded.content as text_value,
    {{ akeneo.typed_values(
        numbers=['number'], booleans=['boolean'], dates=['date'], text='exploded.content'
    ) }}
from exploded
left join attributes
    on lower(attributes.reference_entity) = lower(exploded.reference_entity)
    and lower(attributes.attribute) = lower(exploded.attribute)
left join attribute_lists on attribute_lists.reference_entity_code = lower(exploded.reference_entity)
left join places
    on places.channel_code = lower(coalesce(exploded.channel, ''))
    and places.locale_code = lower(coalesce(exploded.locale, ''))
-- The PIM hides links to deleted records and assets, without a new date of the record.
left join deleted_entities
    on deleted_entities.code = lower(exploded.content)
    and deleted_entities.owner = lower(coalesce(attributes.linked_entity, attributes.linked_family))
    and deleted_entities.entity_type
    = case when attributes.linked_entity is not null then 'record' else 'asset' end
where {{ akeneo.not_removed(
        'attributes.attribute', 'attribute_lists.listed_at', 'exploded.extracted_at'
    ) }}
    and {{ akeneo.not_removed(
        'places.is_place', '(select max(extracted_at) from channels)', 'exploded.extracted_at'
    ) }}
    and deleted_entities.code is null
