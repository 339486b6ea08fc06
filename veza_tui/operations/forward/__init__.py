"""Port forwards: targets, presets, the listener, its supervision, and all that run."""
