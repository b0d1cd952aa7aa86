select family, channel, locale, round(avg(completeness)) as percent,
    count(*) filter (where not is_complete) as incomplete, count(*) as products
from akeneo__completeness
group by all
order by percent, family, channel, locale
limit 10
