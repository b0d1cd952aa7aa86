{# A table, because it is small and other models look each of their rows up in it. #}
{{ config(materialized='table') }}

select 'asset' as entity_type, asset_family as owner, asset as code
from {{ ref('int_akeneo__all_assets') }}
where is_deleted

union all

select 'record' as entity_type, reference_entity as owner, record as code
from {{ ref('int_akeneo__all_records') }}
where is_deleted
