{# Names are at most 63 characters, all different in any letter case, and not those of other columns. #}
{% set original = [
    'Color', 'color', 'size', '1st', 'a-b', 'a_b', 'label', 'straße',
    'x' * 70 ~ '_one', 'x' * 70 ~ '_two',
] %}
{% set names = akeneo.column_names(original, taken=['label']) %}
{% set alone = akeneo.column_names(['size', 'x' * 70 ~ '_two']) %}
select name
from (
    {% for name in names %}
    select '{{ name }}' as name
    {% if not loop.last %}union all{% endif %}
    {% endfor %}
) as names
group by name
having count(*) > 1
    or length(name) > 63
    or name = 'label'
    or name <> lower(name)
    or {{ names | length }} <> {{ original | length }}
    or '{{ names[2] }}' <> 'size'
    or '{{ names[-1] }}' <> '{{ alone[1] }}'
