"""Streams through the API server: logs, exec, port-forward, proxies."""
