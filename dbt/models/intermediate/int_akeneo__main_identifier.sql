with attributes as (
    select * from {{ ref('stg_akeneo__attributes') }}
)

select
    coalesce(
        min(case when is_main_identifier then attribute end),
        min(attribute)
    ) as attribute
from attributes
where attribute_type = 'pim_catalog_identifier'
