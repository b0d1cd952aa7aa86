select
    category,
    parent,
    position,
    {{ akeneo.label('labels', 'category') }} as label
from {{ ref('int_akeneo__all_categories') }}
where not is_deleted
