"""Speed and memory, measured: ``make bench``. Nothing here is a test: machines differ, so compare the ratios."""
