"""Looking closer where a decision is involved: revealed Secrets, compared environments, drift."""
