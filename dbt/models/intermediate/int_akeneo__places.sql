{#
    Where values can be: in no channel and locale, in a channel, in a locale that some channel has, and
    in a locale of a channel. `channel_code` and `locale_code` are in lower case, and empty for none.
#}
{{ config(materialized='table', indexes=akeneo.lookup('channel_code', 'locale_code')) }}

with channel_locales as (
    select channel, locale from {{ ref('int_akeneo__channel_locales') }}
),

channels as (
    select channel from {{ ref('stg_akeneo__channels') }}
),

places as (
    select cast(null as {{ dbt.type_string() }}) as channel, cast(null as {{ dbt.type_string() }}) as locale

    union all

    select channel, null as locale from channels

    union all

    select null as channel, min(locale) as locale from channel_locales
    group by lower(locale)

    union all

    select channel, locale from channel_locales
)

select
    channel,
    locale,
    lower(coalesce(channel, '')) as channel_code,
    lower(coalesce(locale, '')) as locale_code,
    true as is_place
from places
