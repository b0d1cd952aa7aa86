{# The snapshot's rows. It does not exist yet if only models were run; then there are none. #}
{% macro product_versions() %}
    {%- set versions = ref('akeneo__product_versions') -%}
    {%- if not execute or load_relation(versions) is not none -%}
    select * from {{ versions }}
    {%- else -%}
    select
        {% for column in [
            'product_key', 'identifier', 'family', 'parent', 'dbt_scd_id', 'dbt_is_deleted', 'content_hash',
        ] -%}
        cast(null as {{ dbt.type_string() }}) as {{ column }},
        {% endfor -%}
        {% for column in [
            'categories', 'product_groups', 'associations', 'quantified_associations', 'attribute_values',
        ] -%}
        cast(null as {{ akeneo.type_json() }}) as {{ column }},
        {% endfor -%}
        cast(null as {{ dbt.type_boolean() }}) as enabled,
        {% for column in ['effective_updated_at', 'dbt_valid_from', 'dbt_valid_to'] -%}
        cast(null as {{ dbt.type_timestamp() }}) as {{ column }}{{ ',' if not loop.last }}
        {% endfor -%}
    from (select 1 as nothing) as absent
    where 1 = 0
    {%- endif -%}
{% endmacro %}
