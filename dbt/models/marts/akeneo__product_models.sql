with lineage as (
    select * from {{ ref('int_akeneo__lineage') }}
),

models as (
    select * from {{ ref('int_akeneo__all_product_models') }}
    where not is_deleted
),

staged as (
    select product_model, categories from {{ ref('stg_akeneo__product_models') }}
),

families as (
    select
        family,
        {{ akeneo.label('labels', 'family') }} as family_label
    from {{ ref('stg_akeneo__families') }}
),

names as (
    select * from {{ ref('int_akeneo__item_names') }}
    where item_type = 'product_model'
),

with_categories as (
    select models.product_model, staged.categories
    from models
    inner join staged on staged.product_model = models.product_model
),

listed as (
    {{ akeneo.unnest_list('with_categories', ['product_model'], 'categories') }}
),

deleted as (
    select lower(category) as category_code from {{ ref('int_akeneo__all_categories') }}
    group by lower(category)
    having min(case when is_deleted then 1 else 0 end) = 1
),

named as (
    select product_model, min({{ akeneo.json_as_text('item') }}) as category
    from listed
    where lower({{ akeneo.json_as_text('item') }}) not in (select category_code from deleted)
    group by product_model, lower({{ akeneo.json_as_text('item') }})
),

categories as (
    select product_model, {{ dbt.listagg('category', "', '", 'order by category') }} as categories
    from named
    group by product_model
),

-- The variants of a model and of the models below it.
variants as (
    select product_model, count(*) as variants
    from (
        select parent as product_model from lineage
        where item_type = 'product' and root_model is not null

        union all

        select root_model as product_model from lineage
        where item_type = 'product' and root_model <> parent
    ) as above
    group by product_model
)

select
    models.product_model,
    coalesce(names.label, '[' || models.product_model || ']') as label,
    names.image,
    lineage.family,
    families.family_label,
    lineage.family_variant,
    lineage.parent,
    coalesce(lineage.root_model, models.product_model) as root_model,
    coalesce(variants.variants, 0) as variants,
    categories.categories,
    models.created_at,
    models.updated_at,
    lineage.effective_updated_at,
    models.extracted_at
    {%- for column in akeneo.pass_through_columns('product_models') %},
    models.{{ column }}
    {%- endfor %}
from models
inner join lineage
    on lineage.item_type = 'product_model' and lineage.item_key = models.product_model
left join families on families.family = lineage.family
left join names on names.item_key = models.product_model
left join categories on categories.product_model = models.product_model
left join variants on variants.product_model = models.product_model
