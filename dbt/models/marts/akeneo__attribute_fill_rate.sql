{#
    Counted from all products, but not from all values: products with the same hash have values in the same
    places, so one of them is an example for all. Values that may no longer exist are not in the hash; the
    products that have some are counted one by one.
#}
with lineage as (
    select item_key as product_key, identifier, family from {{ ref('int_akeneo__lineage') }}
    where item_type = 'product' and family is not null
),

fills as (
    select item_key as product_key, fill_hash from {{ ref('int_akeneo__item_fills') }}
),

attributes as (
    select attribute, lower(attribute) as attribute_code, attribute_type, reference_data_name
    from {{ ref('akeneo__attributes') }}
),

main_identifier as (
    select * from {{ ref('int_akeneo__main_identifier') }}
),

places as (
    select * from {{ ref('int_akeneo__places') }}
),

examples as (
    select fill_hash, min(product_key) as product_key from fills
    group by fill_hash
),

example_values as (
    select distinct
        examples.fill_hash,
        attributes.attribute,
        coalesce(places.channel, item_values.channel) as channel,
        coalesce(places.locale, item_values.locale) as locale,
        places.is_place
    from (select * from {{ ref('int_akeneo__item_values') }}) as item_values
    inner join examples on examples.product_key = item_values.item_key
    inner join attributes on attributes.attribute_code = lower(item_values.attribute)
    cross join main_identifier
    left join places
        on places.channel_code = lower(coalesce(item_values.channel, ''))
        and places.locale_code = lower(coalesce(item_values.locale, ''))
    where item_values.item_type = 'product'
        and (main_identifier.attribute is null or attributes.attribute <> main_identifier.attribute)
        and {{ akeneo.typed_text('attributes.attribute_type', 'item_values') }} is not null
),

doubtful as (
    select fills.product_key
    from fills
    inner join example_values on example_values.fill_hash = fills.fill_hash
    where example_values.is_place is null

    union

    select item_values.item_key as product_key
    from (select * from {{ ref('int_akeneo__item_values') }}) as item_values
    inner join attributes on attributes.attribute_code = lower(item_values.attribute)
    left join (select * from {{ ref('stg_akeneo__attribute_options') }}) as options
        on lower(options.attribute) = attributes.attribute_code
        and lower(options.option_code) = lower(item_values.content)
    where item_values.item_type = 'product'
        and attributes.attribute_type in ('pim_catalog_simpleselect', 'pim_catalog_multiselect')
        and options.option_code is null

    union

    select item_values.item_key as product_key
    from (select * from {{ ref('int_akeneo__item_values') }}) as item_values
    inner join attributes on attributes.attribute_code = lower(item_values.attribute)
    inner join (select * from {{ ref('int_akeneo__deleted_entities') }}) as deleted_entities
        on deleted_entities.owner = lower(attributes.reference_data_name)
        and deleted_entities.code = lower(item_values.content)
    where item_values.item_type = 'product'
),

products as (
    select lineage.product_key, lineage.identifier, lineage.family, fills.fill_hash
    from lineage
    left join fills on fills.product_key = lineage.product_key
    left join doubtful on doubtful.product_key = lineage.product_key
    where doubtful.product_key is null
),

alike as (
    select family, fill_hash, count(*) as products from products
    group by family, fill_hash
),

doubtful_values as (
    {{ akeneo.product_values(keys='doubtful') }}
),

identified as (
    select
        products.family,
        main_identifier.attribute,
        cast(null as {{ dbt.type_string() }}) as channel,
        cast(null as {{ dbt.type_string() }}) as locale,
        count(*) as products
    from products
    cross join main_identifier
    where products.identifier is not null
    group by products.family, main_identifier.attribute
),

filled as (
    select alike.family, example_values.attribute, example_values.channel, example_values.locale, alike.products
    from alike
    inner join example_values on example_values.fill_hash = alike.fill_hash

    union all

    select family, attribute, channel, locale, count(distinct product_key) as products
    from doubtful_values
    where family is not null
    group by family, attribute, channel, locale

    union all

    select family, attribute, channel, locale, products from identified
),

filled_in_places as (
    select family, attribute, channel, locale, sum(products) as filled from filled
    group by family, attribute, channel, locale
),

filled_attributes as (
    select alike.family, example_attributes.attribute, alike.products
    from alike
    inner join (select distinct fill_hash, attribute from example_values) as example_attributes
        on example_attributes.fill_hash = alike.fill_hash

    union all

    select family, attribute, count(distinct product_key) as products
    from doubtful_values
    where family is not null
    group by family, attribute

    union all

    select family, attribute, products from identified
),

filled_anywhere as (
    select family, attribute, sum(products) as filled from filled_attributes
    group by family, attribute
),

counts as (
    select family, count(*) as products from lineage
    group by family
),

expected as (
    select * from {{ ref('int_akeneo__expected_values') }}
)

select
    expected.family,
    expected.attribute,
    expected.channel,
    expected.locale,
    counts.products,
    cast(coalesce(filled_in_places.filled, 0) as {{ dbt.type_bigint() }}) as filled,
    1.0 * coalesce(filled_in_places.filled, 0) / counts.products as fill_rate,
    cast(coalesce(filled_anywhere.filled, 0) as {{ dbt.type_bigint() }}) as filled_anywhere,
    1.0 * coalesce(filled_anywhere.filled, 0) / counts.products as fill_rate_anywhere,
    cast('{{ run_started_at.strftime("%Y-%m-%d") }}' as date) as counted_on
from expected
inner join counts on counts.family = expected.family
left join filled_in_places
    on filled_in_places.family = expected.family
    and filled_in_places.attribute = expected.attribute
    and coalesce(filled_in_places.channel, '') = coalesce(expected.channel, '')
    and coalesce(filled_in_places.locale, '') = coalesce(expected.locale, '')
left join filled_anywhere
    on filled_anywhere.family = expected.family and filled_anywhere.attribute = expected.attribute
