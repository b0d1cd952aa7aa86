with tasks as (
    select
        task_uuid,
        step_uuid,
        status,
        created_at,
        due_at,
        is_rejected,
        {{ akeneo.json_text('product', "'uuid'") }} as product_key,
        {{ akeneo.json_text('product_model', "'code'") }} as product_model
    from {{ ref('stg_akeneo__workflow_tasks') }}
),

steps as (
    select * from {{ ref('stg_akeneo__workflow_steps') }}
),

workflows as (
    select * from {{ ref('stg_akeneo__workflows') }}
),

products as (
    select product_key, identifier, family from {{ ref('akeneo__products') }}
),

models as (
    select product_model, family from {{ ref('akeneo__product_models') }}
)

select
    tasks.task_uuid,
    workflows.workflow,
    {{ akeneo.label('workflows.labels', 'workflows.workflow') }} as workflow_label,
    steps.step,
    {{ akeneo.label('steps.labels', 'steps.step') }} as step_label,
    steps.step_type,
    steps.position as step_position,
    tasks.status,
    coalesce(tasks.is_rejected, false) as is_rejected,
    tasks.product_key,
    coalesce(models.product_model, tasks.product_model) as product_model,
    coalesce(products.identifier, models.product_model) as identifier,
    coalesce(products.family, models.family) as family,
    tasks.created_at,
    tasks.due_at
from tasks
left join steps on steps.step_uuid = tasks.step_uuid
left join workflows on workflows.workflow_uuid = steps.workflow_uuid
left join products on lower(products.product_key) = lower(tasks.product_key)
left join models on lower(models.product_model) = lower(tasks.product_model)
