import sys

# As in the host: values are nested in up to 1,000 levels.
sys.setrecursionlimit(6_000)
