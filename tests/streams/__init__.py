"""What each stream reads, and how bookmarks, resumption and deletions work."""
