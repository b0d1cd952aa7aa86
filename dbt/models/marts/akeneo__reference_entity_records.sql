with records as (
    select * from {{ ref('int_akeneo__all_records') }}
    where not is_deleted
),

entities as (
    select
        reference_entity,
        {{ akeneo.label('labels', 'reference_entity') }} as reference_entity_label
    from {{ ref('stg_akeneo__reference_entities') }}
),

named as (
    select
        reference_entity,
        record,
        -- Every reference entity has the attributes `label` and `image`.
        max(case when lower(attribute) = 'label' then text_value end) as label,
        max(case when lower(attribute) = 'image' then text_value end) as image
    from {{ ref('akeneo__reference_entity_record_values') }}
    where locale is null or lower(locale) = lower('{{ var("akeneo_locale") }}')
    group by reference_entity, record
)

select
    records.reference_entity,
    entities.reference_entity_label,
    records.record,
    coalesce(named.label, '[' || records.record || ']') as label,
    named.image,
    records.created_at,
    records.updated_at
from records
left join entities on lower(entities.reference_entity) = lower(records.reference_entity)
left join named
    on named.reference_entity = records.reference_entity and named.record = records.record
