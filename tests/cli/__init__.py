"""The command line: options, exit codes, progress, and how a run ends."""
