"""Settings, files, states and catalogs that users give to the tap."""
