{{ akeneo.stage('association_types', [
    ['association_type', 'text', 'code'],
    ['labels', 'json'],
]) }}
