"""The SDK's features, and Singer tools of others."""
