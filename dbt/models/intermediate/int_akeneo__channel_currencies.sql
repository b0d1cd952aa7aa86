with channels as (
    select * from {{ ref('stg_akeneo__channels') }}
),

listed as (
    {{ akeneo.unnest_list('channels', ['channel'], 'currencies') }}
),

codes as (
    select channel, {{ akeneo.json_as_text('item') }} as currency
    from listed
)

select channel, min(currency) as currency
from codes
where currency <> ''
group by channel, lower(currency)
