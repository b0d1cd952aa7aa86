{{ akeneo.stage('reference_entities', [
    ['reference_entity', 'text', 'code'],
    ['labels', 'json'],
]) }}
