"""The screens. Nothing here imports an adapter: feeds and services are handed in by ``wiring``."""
