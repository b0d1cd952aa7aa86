"""The JSON schema of each stream, one file per stream name."""
