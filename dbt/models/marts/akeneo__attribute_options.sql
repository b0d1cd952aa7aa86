with options as (
    select * from {{ ref('stg_akeneo__attribute_options') }}
),

attributes as (
    select * from {{ ref('stg_akeneo__attributes') }}
)

select
    coalesce(attributes.attribute, options.attribute) as attribute,
    options.option_code,
    {{ akeneo.label('options.labels', 'options.option_code') }} as option_label,
    options.sort_order
from options
left join attributes on lower(attributes.attribute) = lower(options.attribute)
