"""Frozen dataclasses and pure functions. No I/O, no library beyond the standard one."""
