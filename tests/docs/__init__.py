"""The documentation is correct; ``python -m tests.docs`` writes its generated parts."""
