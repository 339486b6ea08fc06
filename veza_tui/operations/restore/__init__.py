"""Restore: scratch database, proof, swap, undo. Nothing live is touched before the scratch database is proven."""
