"""The composition root: the only place where adapters meet ports. Adapters are imported inside the functions (start-up time)."""

from __future__ import annotations
