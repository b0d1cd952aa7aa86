{{ akeneo.listed_once('stg_akeneo__channels', 'channel', 'locales', 'locale') }}
