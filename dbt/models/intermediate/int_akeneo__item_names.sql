{# Labels and images of products and models: the values that their families name. #}
{{ config(materialized='table') }}

with lineage as (
    select * from {{ ref('int_akeneo__lineage') }}
),

families as (
    select
        family,
        lower(attribute_as_label) as label_code,
        lower(attribute_as_image) as image_code
    from {{ ref('stg_akeneo__families') }}
),

item_values as (
    select
        item_type, item_key, lower(attribute) as attribute_code, channel, locale, position, content
    from {{ ref('int_akeneo__item_values') }}
    where lower(attribute) in (
            select label_code from families
            union
            select image_code from families
        )
        and (locale is null or lower(locale) = lower('{{ var("akeneo_locale") }}'))
        {% if var('akeneo_channel', none) %}
        and (channel is null or lower(channel) = lower('{{ var("akeneo_channel") }}'))
        {% endif %}
),

-- Without a chosen channel, the value of the first one that has a value.
chosen as (
    select
        item_type,
        item_key,
        attribute_code,
        content,
        row_number() over (
            partition by item_type, item_key, attribute_code
            order by coalesce(channel, ''), position
        ) as place
    from item_values
)

select
    chosen.item_type,
    chosen.item_key,
    max(case when chosen.attribute_code = families.label_code then chosen.content end) as label,
    max(case when chosen.attribute_code = families.image_code then chosen.content end) as image
from chosen
inner join lineage
    on lineage.item_type = chosen.item_type and lineage.item_key = chosen.item_key
inner join families on families.family = lineage.family
where chosen.place = 1
group by chosen.item_type, chosen.item_key
