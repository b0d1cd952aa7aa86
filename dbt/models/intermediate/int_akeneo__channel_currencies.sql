with channels as (
    select * from {{ ref('stg_akeneo__channels') }}
),

currencies as (
    {{ akeneo.unnest_list('channels', ['channel'], 'currencies') }}
)

select channel, {{ akeneo.json_as_text('item') }} as currency
from currencies
