"""The schemas of the streams, and the catalog made from them."""
