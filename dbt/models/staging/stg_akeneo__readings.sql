{{ akeneo.stage('readings', [
    ['stream', 'text'],
    ['parent', 'text'],
    ['read_at', 'timestamp'],
    ['ended_at', 'timestamp'],
    ['is_full', 'boolean'],
    ['row_count', 'integer'],
    ['item_count', 'integer'],
    ['unknown_fields', 'json'],
    ['tap_version', 'text'],
]) }}
