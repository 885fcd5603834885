"""Measurements that a person can repeat: ratios of one run."""
