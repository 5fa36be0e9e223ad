import sys

# As in the host, for values of up to 1,000 levels.
sys.setrecursionlimit(6_000)
