{{ akeneo.stage('asset_families', [
    ['asset_family', 'text', 'code'],
    ['labels', 'json'],
    ['attribute_as_main_media', 'text'],
]) }}
