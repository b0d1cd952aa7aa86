select identifier, family, last_updated_at, missing_since
from akeneo__deleted_products
order by missing_since desc
