with staged as (
    {{ akeneo.stage('product_scores', [
        ['uuid', 'text'],
        ['product_identifier', 'text', 'identifier'],
        ['completenesses', 'json'],
        ['quality_scores', 'json'],
        ['extracted_at', 'timestamp', '_sdc_extracted_at'],
    ]) }}
)

select
    coalesce(uuid, product_identifier) as product_key,
    staged.*
from staged
