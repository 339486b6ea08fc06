"""Narrow Protocols: what operations and feeds ask of the world. Adapters fulfil them, `wiring` joins the two."""
