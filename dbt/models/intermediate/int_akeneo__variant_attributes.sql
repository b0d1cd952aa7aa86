{# A table, because it is small and other models look each of their rows up in it. #}
{{ config(materialized='table', indexes=akeneo.lookup('lower(attribute)', 'lower(family)', 'lower(family_variant)')) }}

with variants as (
    select * from {{ ref('stg_akeneo__family_variants') }}
),

sets as (
    {{ akeneo.unnest_list('variants', ['family', 'family_variant'], 'variant_attribute_sets') }}
),

levels as (
    select
        family,
        family_variant,
        {{ akeneo.safe_integer(akeneo.json_text('item', "'level'")) }} as level,
        {{ akeneo.json_member('item', "'axes'") }} as axes,
        {{ akeneo.json_member('item', "'attributes'") }} as attributes
    from sets
),

axes as (
    {{ akeneo.unnest_list('levels', ['family', 'family_variant', 'level'], 'axes') }}
),

attributes as (
    {{ akeneo.unnest_list('levels', ['family', 'family_variant', 'level'], 'attributes') }}
),

named as (
    select
        family, family_variant, level,
        {{ akeneo.json_as_text('item') }} as attribute,
        position as axis_position
    from axes

    union all

    select
        family, family_variant, level,
        {{ akeneo.json_as_text('item') }} as attribute,
        null as axis_position
    from attributes
)

select
    family,
    family_variant,
    min(attribute) as attribute,
    min(level) as level,
    min(axis_position) as axis_position
from named
group by family, family_variant, lower(attribute)
