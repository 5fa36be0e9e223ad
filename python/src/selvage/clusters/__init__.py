"""Clusters that run bodies. Each has a module of its own, which needs its library installed."""
