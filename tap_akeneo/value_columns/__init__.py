"""The setting ``value_columns``: one typed property for each value of the chosen attributes."""
