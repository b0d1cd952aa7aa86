{# Only adds rows. So it has every state that a build has seen; do not drop it. #}
{{ config(materialized='incremental', incremental_strategy='append', on_schema_change='fail', full_refresh=false) }}

with completeness as (
    select * from {{ ref('akeneo__completeness') }}
),

{% if is_incremental() %}
latest as (
    select * from (
        select
            known.*,
            row_number() over (partition by product_key, channel, locale order by state desc) as place
        from {{ this }} as known
    ) as ranked
    where place = 1
)
{% else %}
latest as (
    select
        product_key, identifier, family, channel, locale, completeness,
        0 as state
    from completeness
    where 1 = 0
)
{% endif %}

select
    coalesce(completeness.product_key, latest.product_key) as product_key,
    coalesce(completeness.identifier, latest.identifier) as identifier,
    coalesce(completeness.family, latest.family) as family,
    coalesce(completeness.channel, latest.channel) as channel,
    coalesce(completeness.locale, latest.locale) as locale,
    coalesce(latest.state, 0) + 1 as state,
    cast('{{ run_started_at.strftime("%Y-%m-%d %H:%M:%S") }}' as {{ dbt.type_timestamp() }}) as changed_at,
    latest.completeness as completeness_before,
    completeness.completeness,
    case
        when latest.product_key is null then 'first seen'
        when completeness.product_key is null then 'no longer counted'
        when completeness.completeness = 100 then 'became complete'
        when latest.completeness = 100 then 'became incomplete'
        else 'changed'
    end as change
from completeness
full outer join latest
    on latest.product_key = completeness.product_key
    and latest.channel = completeness.channel
    and latest.locale = completeness.locale
where coalesce(completeness.completeness, -1) <> coalesce(latest.completeness, -1)
