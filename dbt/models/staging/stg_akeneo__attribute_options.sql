{{ akeneo.stage('attribute_options', [
    ['attribute', 'text'],
    ['option_code', 'text', 'code'],
    ['labels', 'json'],
    ['sort_order', 'integer'],
]) }}
