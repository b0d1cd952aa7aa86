"""The contents of the simulated PIM, computed without its HTTP code."""
