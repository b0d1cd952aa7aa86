with products as (
    {{ akeneo.with_deleted(
        ref('stg_akeneo__products'),
        keys=ref('stg_akeneo__product_keys'),
        on=['product_key'],
        created='items.created_at',
        margin='case when items.uuid is null then 1440 else ' ~ var('akeneo_index_lag_minutes') ~ ' end',
    ) }}
)

select
    products.*,
    coalesce(
        products.product_identifier,
        {{ akeneo.json_text(
            akeneo.json_first(akeneo.json_member('products.attribute_values', 'main_identifier.attribute')),
            "'data'"
        ) }}
    ) as identifier
from products
cross join {{ ref('int_akeneo__main_identifier') }} as main_identifier
