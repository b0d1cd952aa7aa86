{#
    The values of records or assets, with the type of their attribute as it is now.

    Args:
        items: Name of the model of the records or assets.
        owner: Name of the column with the reference entity or the asset family.
        code: Name of the column with the record or the asset.
        attributes: Name of the staging model of their attributes.
        has_links: Whether values may name records or assets, which may be deleted.
#}
{% macro entity_values(items, owner, code, attributes, has_links=false) %}
with items as (
    select {{ owner }}, {{ code }}, attribute_values, extracted_at
    from {{ ref(items) }}
    where not is_deleted
),

attributes as (
    select * from {{ ref(attributes) }}
),

attribute_lists as (
    select lower({{ owner }}) as owner_code, max(extracted_at) as listed_at
    from attributes
    group by lower({{ owner }})
),

places as (
    select * from {{ ref('int_akeneo__places') }}
),

channels as (
    select * from {{ ref('stg_akeneo__channels') }}
),

{% if has_links %}
deleted_entities as (
    select * from {{ ref('int_akeneo__deleted_entities') }}
),

{% endif %}
exploded as (
    {{ akeneo.exploded_values('items', [owner, code, 'extracted_at'], channel='channel') }}
)

select
    exploded.{{ owner }},
    exploded.{{ code }},
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
    on lower(attributes.{{ owner }}) = lower(exploded.{{ owner }})
    and lower(attributes.attribute) = lower(exploded.attribute)
left join attribute_lists on attribute_lists.owner_code = lower(exploded.{{ owner }})
left join places
    on places.channel_code = lower(coalesce(exploded.channel, ''))
    and places.locale_code = lower(coalesce(exploded.locale, ''))
{% if has_links %}
-- The PIM hides links to deleted records and assets, without a new date of the record.
left join deleted_entities
    on deleted_entities.code = lower(exploded.content)
    and deleted_entities.owner = lower(coalesce(attributes.linked_entity, attributes.linked_family))
    and deleted_entities.entity_type
    = case when attributes.linked_entity is not null then 'record' else 'asset' end
{% endif %}
where {{ akeneo.not_removed(
        'attributes.attribute', 'attribute_lists.listed_at', 'exploded.extracted_at'
    ) }}
    and {{ akeneo.not_removed(
        'places.is_place', '(select max(extracted_at) from channels)', 'exploded.extracted_at'
    ) }}
    {% if has_links %}
    and deleted_entities.code is null
    {% endif %}
{% endmacro %}
