{# A table, because it is small and other models look each of their rows up in it. #}
{{ config(materialized='table') }}

{{ akeneo.with_deleted(
    ref('stg_akeneo__categories'),
    keys=ref('stg_akeneo__category_keys'),
    stream='category_keys',
    on=['category'],
    margin='1440',
) }}
