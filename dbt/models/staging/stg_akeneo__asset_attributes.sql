{{ akeneo.stage('asset_attributes', [
    ['asset_family', 'text'],
    ['attribute', 'text', 'code'],
    ['attribute_type', 'text', 'type'],
]) }}
