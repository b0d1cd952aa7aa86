{# Several columns together identify a row, and none of them is null, except those that may be. #}
{% test unique_together(model, columns, nullable=[]) %}
    select {{ columns | join(', ') }}
    from {{ model }}
    group by {{ columns | join(', ') }}
    having count(*) > 1
        {% for column in columns if column not in nullable %}or {{ column }} is null {% endfor %}
{% endtest %}
