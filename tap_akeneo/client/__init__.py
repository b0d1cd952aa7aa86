"""A client for one PIM: requests, tokens and responses, without anything of Singer."""
