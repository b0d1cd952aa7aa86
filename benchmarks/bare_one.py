"""The bare downloader with one connection."""

from __future__ import annotations

from benchmarks.bare import main

if __name__ == "__main__":
    main(1)
