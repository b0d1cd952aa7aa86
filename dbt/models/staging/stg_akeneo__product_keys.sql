with staged as (
    {{ akeneo.stage('product_keys', [
        ['uuid', 'text'],
        ['product_identifier', 'text', 'identifier'],
        ['read_at', 'timestamp'],
    ]) }}
)

select
    coalesce(uuid, product_identifier) as product_key,
    staged.*
from staged
