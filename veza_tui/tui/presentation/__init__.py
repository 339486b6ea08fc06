"""Pure functions from the model to text with roles; no widget, no clock, no I/O."""
