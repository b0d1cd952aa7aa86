"""The input of a run: settings, state and catalog."""
