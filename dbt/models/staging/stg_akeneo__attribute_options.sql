{{ config(indexes=akeneo.lookup('lower(option_code)', 'lower(attribute)')) }}

{{ akeneo.stage('attribute_options', [
    ['attribute', 'text'],
    ['option_code', 'text', 'code'],
    ['labels', 'json'],
    ['sort_order', 'integer'],
    ['extracted_at', 'timestamp', '_sdc_extracted_at'],
], latest_of=['attribute', 'option_code']) }}
