{{ akeneo.stage('workflows', [
    ['workflow_uuid', 'text', 'uuid'],
    ['workflow', 'text', 'code'],
    ['labels', 'json'],
]) }}
