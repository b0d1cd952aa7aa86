with recursive categories as (
    select * from {{ ref('int_akeneo__categories') }}
),

paths (category, parent, tree, depth, label, path, code_path) as (
    select
        category, parent, category, 0, label,
        cast(label as {{ dbt.type_string() }}), cast(category as {{ dbt.type_string() }})
    from categories
    where parent is null

    union all

    select
        categories.category, categories.parent, paths.tree, paths.depth + 1, categories.label,
        paths.path || ' > ' || categories.label, paths.code_path || ' > ' || categories.category
    from categories
    inner join paths on paths.category = categories.parent
)

select category, label, parent, tree, depth, path, code_path
from paths
