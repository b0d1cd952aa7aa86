{# A table, because it is small and other models look each of their rows up in it. #}
{{ config(materialized='table', indexes=akeneo.lookup('code')) }}

with assets as (
    select * from {{ ref('int_akeneo__all_assets') }}
),

records as (
    select * from {{ ref('int_akeneo__all_records') }}
),

entities as (
    select 'asset' as entity_type, asset_family as owner, asset as code, is_deleted
    from assets

    union all

    select 'record' as entity_type, reference_entity as owner, record as code, is_deleted
    from records
)

-- One that was created again with its code in another letter case exists.
select entity_type, lower(owner) as owner, lower(code) as code
from entities
group by entity_type, lower(owner), lower(code)
having min(case when is_deleted then 1 else 0 end) = 1
