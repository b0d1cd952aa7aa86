{# A table without the large columns, because many models read it. #}
{{ config(materialized='table') }}

with models as (
    {{ akeneo.with_deleted(
        ref('stg_akeneo__product_models'),
        keys=ref('stg_akeneo__product_model_keys'),
        stream='product_model_keys',
        on=['product_model'],
        margin='case when exists (select 1 from ' ~ ref('stg_akeneo__products') ~ ' where uuid is not null) then '
            ~ var('akeneo_index_lag_minutes') ~ ' else 1440 end',
    ) }}
)

select
    product_model,
    family,
    family_variant,
    parent,
    created_at,
    updated_at,
    extracted_at,
    deleted_at,
    is_deleted,
    missing_since
    {%- for column in akeneo.pass_through_columns('product_models') %},
    {{ column }}
    {%- endfor %}
from models
