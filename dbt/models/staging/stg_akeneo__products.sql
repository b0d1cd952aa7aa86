with staged as (
    {{ akeneo.stage('products', [
        ['uuid', 'text'],
        ['product_identifier', 'text', 'identifier'],
        ['enabled', 'boolean'],
        ['family', 'text'],
        ['parent', 'text'],
        ['categories', 'json'],
        ['product_groups', 'json', 'groups'],
        ['attribute_values', 'json', 'values'],
        ['associations', 'json'],
        ['quantified_associations', 'json'],
        ['completenesses', 'json'],
        ['quality_scores', 'json'],
        ['readiness', 'json'],
        ['created_at', 'timestamp', 'created'],
        ['updated_at', 'timestamp', 'updated'],
        ['extracted_at', 'timestamp', '_sdc_extracted_at'],
        ['deleted_at', 'timestamp', '_sdc_deleted_at'],
    ]) }}
)

select
    coalesce(uuid, product_identifier) as product_key,
    staged.*
from staged
