"""Lists of the hosted edition, and of PIM 3's product assets."""
