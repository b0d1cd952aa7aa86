{# All days that a metric can be asked for; dbt wants such a table for its semantic models. #}
{{ config(materialized='table') }}

with days as (
    {{ dbt.date_spine(
        'day',
        "cast('2013-01-01' as date)",
        "cast('" ~ (run_started_at + modules.datetime.timedelta(days=366)).strftime('%Y-%m-%d') ~ "' as date)"
    ) }}
)

select cast(date_day as date) as date_day from days
