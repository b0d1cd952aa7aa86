"""The tap before real loaders: what arrives in databases and files that people use.

``python -m tests.targets`` tries all of them and writes what came of it into `docs/targets.md`;
`test_postgres.py` goes through Meltano into a PostgreSQL server at each run of the tests.
"""
