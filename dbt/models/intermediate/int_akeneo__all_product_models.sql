{{ akeneo.with_deleted(
    ref('stg_akeneo__product_models'),
    keys=ref('stg_akeneo__product_model_keys'),
    on=['product_model'],
    created='items.created_at',
    margin='case when exists (select 1 from ' ~ ref('stg_akeneo__products') ~ ' where uuid is not null) then '
        ~ var('akeneo_index_lag_minutes') ~ ' else 1440 end',
) }}
