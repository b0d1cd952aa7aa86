with channels as (
    select * from {{ ref('stg_akeneo__channels') }}
),

locales as (
    select channel, {{ dbt.listagg('locale', "', '", 'order by locale') }} as locales
    from {{ ref('int_akeneo__channel_locales') }}
    group by channel
),

currencies as (
    select channel, {{ dbt.listagg('currency', "', '", 'order by currency') }} as currencies
    from {{ ref('int_akeneo__channel_currencies') }}
    group by channel
),

trees as (
    select category, label, lower(category) as category_code from {{ ref('int_akeneo__categories') }}
)

select
    channels.channel,
    {{ akeneo.label('channels.labels', 'channels.channel') }} as channel_label,
    locales.locales,
    currencies.currencies,
    coalesce(trees.category, channels.category_tree) as category_tree,
    trees.label as category_tree_label
from channels
left join locales on locales.channel = channels.channel
left join currencies on currencies.channel = channels.channel
left join trees on trees.category_code = lower(channels.category_tree)
