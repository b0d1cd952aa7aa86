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


{#
    The setting `indexes` of a model for PostgreSQL, whose planner also gets statistics of an expression
    from an index on it. Without them it takes any condition for so rare that it compares each row of a
    table with each of another. Other databases here join whole tables by hash.

    Args:
        varargs: Columns or expressions by which the table is looked up.
#}
{% macro lookup() %}
    {{- return([{'columns': varargs | list}] if target.type == 'postgres' else []) -}}
{% endmacro %}


{#
    PostgreSQL's planner knows nothing of what is in JSON, so it expects far too many rows, and compiles
    queries for seconds that take milliseconds.
#}
{% macro prepare_session() %}{{ return(adapter.dispatch('prepare_session', 'akeneo')()) }}{% endmacro %}

{% macro default__prepare_session() %}{% endmacro %}
{% macro postgres__prepare_session() %}set local jit = off{% endmacro %}
{% macro redshift__prepare_session() %}{% endmacro %}
