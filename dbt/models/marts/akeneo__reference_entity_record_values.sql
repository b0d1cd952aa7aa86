with records as (
    select reference_entity, record, attribute_values
    from {{ ref('int_akeneo__all_records') }}
    where not is_deleted
),

exploded as (
    {{ akeneo.exploded_values(
        'records',
        ['reference_entity', 'record'],
        ref('stg_akeneo__reference_entity_attributes'),
        by=['reference_entity'],
        channel='channel',
    ) }}
),

-- The PIM hides links to deleted records and assets, without a new date of the record.
deleted as (
    select attributes.reference_entity, attributes.attribute, lower(deleted.code) as code
    from {{ ref('stg_akeneo__reference_entity_attributes') }} as attributes
    inner join {{ ref('int_akeneo__deleted_entities') }} as deleted
        on (deleted.entity_type = 'record' and deleted.owner = attributes.linked_entity)
        or (deleted.entity_type = 'asset' and deleted.owner = attributes.linked_family)
)

select
    exploded.reference_entity,
    exploded.record,
    exploded.attribute,
    exploded.attribute_type,
    exploded.channel,
    exploded.locale,
    exploded.position,
    exploded.text_value,
    {{ akeneo.typed_values(numbers=['number'], booleans=['boolean'], dates=['date']) }}
from exploded
left join deleted
    on deleted.reference_entity = exploded.reference_entity
    and deleted.attribute = exploded.attribute
    and deleted.code = lower(exploded.text_value)
where deleted.attribute is null
