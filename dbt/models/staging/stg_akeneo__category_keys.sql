{{ akeneo.stage('category_keys', [
    ['category', 'text', 'code'],
    ['read_at', 'timestamp'],
]) }}
