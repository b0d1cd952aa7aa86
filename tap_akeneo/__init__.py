"""Singer tap for the Akeneo PIM."""
