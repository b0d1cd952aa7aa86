{{ akeneo.stage('workflow_steps', [
    ['step_uuid', 'text', 'uuid'],
    ['workflow_uuid', 'text'],
    ['step', 'text', 'code'],
    ['step_type', 'text', 'type'],
    ['labels', 'json'],
    ['position', 'integer'],
]) }}
