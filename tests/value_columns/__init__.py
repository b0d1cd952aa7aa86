"""The setting `value_columns`."""
