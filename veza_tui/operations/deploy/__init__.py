"""Deploy and its kin: apply on the server, wait for rollouts, releases, rollback."""
