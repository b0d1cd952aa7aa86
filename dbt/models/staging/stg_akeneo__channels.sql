{{ akeneo.stage('channels', [
    ['channel', 'text', 'code'],
    ['labels', 'json'],
    ['locales', 'json'],
    ['currencies', 'json'],
    ['category_tree', 'text'],
]) }}
