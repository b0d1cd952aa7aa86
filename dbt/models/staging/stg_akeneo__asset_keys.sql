{{ akeneo.stage('asset_keys', [
    ['asset_family', 'text'],
    ['asset', 'text', 'code'],
    ['read_at', 'timestamp'],
]) }}
