{#
    Statistics of a new table, without which PostgreSQL's planner chooses nested loops. It collects
    them by itself only some time later, when other models have been built from the table.
#}
{% macro collect_statistics(relation, model) %}
    {{- return(adapter.dispatch('collect_statistics', 'akeneo')(relation, model)) -}}
{% endmacro %}

{% macro default__collect_statistics(relation, model) %}{% endmacro %}
{% macro postgres__collect_statistics(relation, model) %}
    {%- if model.config.materialized != 'view' %}analyze {{ relation }}{% endif -%}
{% endmacro %}
{% macro redshift__collect_statistics(relation, model) %}{% endmacro %}
