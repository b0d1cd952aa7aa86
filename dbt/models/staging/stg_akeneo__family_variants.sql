{{ akeneo.stage('family_variants', [
    ['family', 'text'],
    ['family_variant', 'text', 'code'],
    ['labels', 'json'],
    ['variant_attribute_sets', 'json'],
]) }}
