{# All days that a metric can be asked for; dbt wants such a table for its semantic models. #}
{% set days = (run_started_at.date() - modules.datetime.date(2013, 1, 1)).days + 366 %}

with numbers as (
    {{ dbt.generate_series(days) }}
)

select cast({{ dbt.dateadd('day', 'generated_number - 1', "cast('2013-01-01' as date)") }} as date) as date_day
from numbers
