with families as (
    select family, attributes, attribute_requirements from {{ ref('stg_akeneo__families') }}
),

attributes as (
    select attribute, lower(attribute) as attribute_code from {{ ref('stg_akeneo__attributes') }}
),

channels as (
    select channel, lower(channel) as channel_code from {{ ref('stg_akeneo__channels') }}
),

listed as (
    {{ akeneo.unnest_list('families', ['family'], 'attributes') }}
),

family_attributes as (
    select distinct family, lower({{ akeneo.json_as_text('item') }}) as attribute_code from listed
),

requirements as (
    {{ akeneo.unnest_object('families', ['family'], 'attribute_requirements') }}
),

named as (
    {{ akeneo.unnest_list('requirements', ['family', 'name'], 'item') }}
),

required as (
    select distinct
        family,
        lower(name) as channel_code,
        lower({{ akeneo.json_as_text('item') }}) as attribute_code
    from named
)

select
    family_attributes.family,
    attributes.attribute,
    channels.channel,
    required.family is not null as is_required
from family_attributes
inner join attributes on attributes.attribute_code = family_attributes.attribute_code
cross join channels
left join required
    on required.family = family_attributes.family
    and required.channel_code = channels.channel_code
    and required.attribute_code = family_attributes.attribute_code
