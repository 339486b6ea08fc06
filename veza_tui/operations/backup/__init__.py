"""Backups: plan and steps, catalogue, verification, retention."""
