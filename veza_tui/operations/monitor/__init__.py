"""Watching without a screen: what changed, metrics for Prometheus, hooks."""
