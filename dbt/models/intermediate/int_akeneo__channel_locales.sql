with channels as (
    select * from {{ ref('stg_akeneo__channels') }}
),

locales as (
    {{ akeneo.unnest_list('channels', ['channel'], 'locales') }}
)

select channel, {{ akeneo.json_as_text('item') }} as locale
from locales
