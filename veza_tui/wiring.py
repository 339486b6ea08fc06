"""The composition root: the only place where adapters meet ports. Imports stand inside functions (start-up time)."""

from __future__ import annotations
