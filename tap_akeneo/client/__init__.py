"""One PIM over HTTP: requests, tokens and responses. Knows nothing of Singer or of lists."""
