{#
    A view, because the values of products change only if a product was read again, but what attributes,
    channels, options and models say of them may change at any time. It is always up to date.
#}
{{ config(materialized='view') }}

{{ akeneo.product_values() }}
