with products as (
    select product_key, family from {{ ref('akeneo__products') }}
),

counts as (
    select family, count(*) as products from products
    group by family
),

filled_values as (
    select family, attribute, channel, locale, product_key
    from {{ ref('akeneo__product_values') }}
    where item_type = 'product' and family is not null
),

filled as (
    select family, attribute, channel, locale, count(distinct product_key) as filled
    from filled_values
    group by family, attribute, channel, locale
),

expected as (
    select * from {{ ref('int_akeneo__expected_values') }}
),

filled_anywhere as (
    select family, attribute, count(distinct product_key) as filled
    from filled_values
    group by family, attribute
)

select
    expected.family,
    expected.attribute,
    expected.channel,
    expected.locale,
    counts.products,
    coalesce(filled.filled, 0) as filled,
    1.0 * coalesce(filled.filled, 0) / counts.products as fill_rate,
    coalesce(filled_anywhere.filled, 0) as filled_anywhere,
    1.0 * coalesce(filled_anywhere.filled, 0) / counts.products as fill_rate_anywhere
from expected
inner join counts on counts.family = expected.family
left join filled
    on filled.family = expected.family
    and filled.attribute = expected.attribute
    and coalesce(filled.channel, '') = coalesce(expected.channel, '')
    and coalesce(filled.locale, '') = coalesce(expected.locale, '')
left join filled_anywhere
    on filled_anywhere.family = expected.family and filled_anywhere.attribute = expected.attribute
