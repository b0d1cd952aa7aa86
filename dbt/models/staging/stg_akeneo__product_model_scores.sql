{{ akeneo.stage('product_model_scores', [
    ['product_model', 'text', 'code'],
    ['quality_scores', 'json'],
    ['extracted_at', 'timestamp', '_sdc_extracted_at'],
]) }}
