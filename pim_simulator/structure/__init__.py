"""The catalogue structure: families, attributes, categories and the like."""
