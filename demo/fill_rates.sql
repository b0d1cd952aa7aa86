select family, attribute, channel, locale, filled, products, round(100 * fill_rate) as percent
from akeneo__attribute_fill_rate
order by fill_rate, products desc, family, attribute, channel, locale
limit 10
