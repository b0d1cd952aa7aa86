{{ akeneo.stage('product_model_keys', [
    ['product_model', 'text', 'code'],
    ['read_at', 'timestamp'],
]) }}
