{# The locales of attributes that exist in some locales only. #}
with attributes as (
    select attribute, available_locales from {{ ref('stg_akeneo__attributes') }}
),

locales as (
    {{ akeneo.unnest_list('attributes', ['attribute'], 'available_locales') }}
)

select distinct attribute, {{ akeneo.json_as_text('item') }} as locale
from locales
