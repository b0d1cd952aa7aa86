"""What all lists of the API have in common."""
