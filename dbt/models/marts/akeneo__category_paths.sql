with recursive categories as (
    select * from {{ ref('int_akeneo__categories') }}
),

codes as (
    select lower(category) as category_code from categories
),

paths (category, parent, tree, depth, label, path, code_path) as (
    select
        category, parent, category as tree, 0 as depth, label,
        cast(label as {{ dbt.type_string() }}) as path, cast(category as {{ dbt.type_string() }}) as code_path
    from categories
    -- A tree begins at the uppermost category that was loaded: a filter may leave out those above it.
    where parent is null
        or lower(parent) not in (select category_code from codes)

    union all

    select
        categories.category, categories.parent, paths.tree, paths.depth + 1, categories.label,
        paths.path || ' > ' || categories.label, paths.code_path || ' > ' || categories.category
    from categories
    inner join paths on lower(paths.category) = lower(categories.parent)
)

select category, label, parent, tree, depth, path, code_path
from paths
