with categories as (
    select
        all_categories.*,
        -- A category that was created again with its code in another letter case may have two rows.
        row_number() over (
            partition by lower(category) order by updated_at desc, extracted_at desc, category asc
        ) as place
    from (select * from {{ ref('int_akeneo__all_categories') }}) as all_categories
    where not is_deleted
)

select
    category,
    parent,
    position,
    {{ akeneo.label('labels', 'category') }} as label
from categories
where place = 1
