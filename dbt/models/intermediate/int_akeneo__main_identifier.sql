select
    coalesce(
        min(case when is_main_identifier then attribute end),
        min(attribute)
    ) as attribute
from {{ ref('stg_akeneo__attributes') }}
where attribute_type = 'pim_catalog_identifier'
