with channels as (
    select * from {{ ref('stg_akeneo__channels') }}
),

listed as (
    {{ akeneo.unnest_list('channels', ['channel'], 'locales') }}
),

codes as (
    select channel, {{ akeneo.json_as_text('item') }} as locale
    from listed
)

select channel, min(locale) as locale
from codes
where locale <> ''
group by channel, lower(locale)
