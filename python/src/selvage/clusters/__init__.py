"""Clusters that run bodies. Each has its own module, which needs the cluster's library."""
