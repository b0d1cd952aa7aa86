"""From the PIM's items to records."""
