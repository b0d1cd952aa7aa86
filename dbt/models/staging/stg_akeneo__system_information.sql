{{ akeneo.stage('system_information', [
    ['host', 'text'],
    ['version', 'text'],
    ['edition', 'text'],
    ['extracted_at', 'timestamp', '_sdc_extracted_at'],
]) }}
