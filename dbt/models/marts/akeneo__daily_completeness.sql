{# The last build of a day counts. Earlier days stay; do not drop it. #}
{{ config(
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key='day',
    on_schema_change='fail',
    full_refresh=false,
) }}

with completeness as (
    select * from {{ ref('akeneo__completeness') }}
)

select
    cast('{{ run_started_at.strftime("%Y-%m-%d") }}' as date) as day,
    family,
    channel,
    locale,
    count(*) as products,
    sum(case when is_complete then 1 else 0 end) as complete_products,
    avg(completeness) as average_completeness
from completeness
group by family, channel, locale
