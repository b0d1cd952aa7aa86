{{ akeneo.stage('workflow_tasks', [
    ['task_uuid', 'text', 'uuid'],
    ['step_uuid', 'text'],
    ['status', 'text'],
    ['created_at', 'timestamp'],
    ['due_at', 'timestamp', 'due_date'],
    ['is_rejected', 'boolean', 'rejected'],
    ['product', 'json'],
    ['product_model', 'json'],
]) }}
