{#
    Each product with the number of the build in which it was last compared with the requirements of its
    family: if it was read again, if the requirements have changed, or if options, records or assets of a
    required attribute came or went.
#}
{{ config(
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key='product_key',
    on_schema_change='fail',
) }}

with lineage as (
    select item_key as product_key, family from {{ ref('int_akeneo__lineage') }}
    where item_type = 'product'
),

versions as (
    select item_key as product_key, build_number from {{ ref('int_akeneo__item_versions') }}
    where item_type = 'product'
),

needed as (
    select * from {{ ref('int_akeneo__family_requirements') }}
),

attributes as (
    select attribute, attribute_type, reference_data_name from {{ ref('stg_akeneo__attributes') }}
    where attribute in (select attribute from needed)
),

codes as (
    select attributes.attribute, lower(options.option_code) as code
    from attributes
    inner join (select * from {{ ref('stg_akeneo__attribute_options') }}) as options
        on lower(options.attribute) = lower(attributes.attribute)

    union all

    select attributes.attribute, deleted.code
    from attributes
    inner join (select * from {{ ref('int_akeneo__deleted_entities') }}) as deleted
        on deleted.owner = lower(attributes.reference_data_name)
),

code_lists as (
    select attribute, {{ dbt.hash(dbt.listagg('code', "'|'", 'order by code')) }} as code_hash
    from codes
    group by attribute
),

described as (
    select
        needed.family,
        needed.attribute || '|' || needed.attribute_type || '|' || needed.channel || '|' || needed.locale
        || '|' || coalesce(needed.currency, '') || '|' || coalesce(needed.value_channel, '') || '|'
        || coalesce(needed.value_locale, '') || '|' || coalesce(code_lists.code_hash, '') as requirement
    from needed
    left join code_lists on code_lists.attribute = needed.attribute
),

families as (
    select family, {{ dbt.hash(dbt.listagg('requirement', "';'", 'order by requirement')) }} as requirement_hash
    from described
    group by family
),

products as (
    select
        lineage.product_key,
        coalesce(lineage.family, '') || '|' || coalesce(families.requirement_hash, '') || '|'
        || versions.build_number || '|{{ var('akeneo_include_removed', false) }}' as fingerprint
    from lineage
    inner join versions on versions.product_key = lineage.product_key
    left join families on families.family = lineage.family
),

{% if is_incremental() %}
known as (
    select * from {{ this }}
),

changed as (
    select
        coalesce(products.product_key, known.product_key) as product_key,
        products.fingerprint
    from products
    full outer join known on known.product_key = products.product_key
    where coalesce(products.fingerprint, '') <> coalesce(known.fingerprint, '')
),

latest as (
    select coalesce(max(build_number), 0) as build_number from known
)
{% else %}
changed as (
    select * from products
),

latest as (
    select 0 as build_number
)
{% endif %}

select
    changed.product_key,
    -- Null for a product that no longer exists.
    changed.fingerprint,
    {{ akeneo.next_build_number('latest.build_number') }} as build_number
from changed
cross join latest
