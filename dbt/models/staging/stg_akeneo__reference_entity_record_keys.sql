{{ akeneo.stage('reference_entity_record_keys', [
    ['reference_entity', 'text'],
    ['record', 'text', 'code'],
    ['read_at', 'timestamp'],
]) }}
