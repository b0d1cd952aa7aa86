"""The tap with real loaders: the data that arrives in databases and files.

``python -m tests.targets`` tries all loaders and writes the results to `docs/targets.md`.
`test_postgres.py` loads data through Meltano into a PostgreSQL server in each test run.
"""
