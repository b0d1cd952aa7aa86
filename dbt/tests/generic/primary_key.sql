{# Keys that are null or not unique: dbt's tests `unique` and `not_null` in one, which reads the model once. #}
{% test primary_key(model, column_name) %}
    select {{ column_name }} as primary_key, count(*) as row_count
    from {{ model }}
    group by {{ column_name }}
    having count(*) > 1 or {{ column_name }} is null
{% endtest %}
