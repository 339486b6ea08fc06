"""Looking closer: objects as kubectl describes them, as YAML, their events, owners, use. Readers and pure builders."""
