{{ akeneo.wide_products(family='clothing', option_labels=true) }}
