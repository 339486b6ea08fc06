"""Looking closer: objects as kubectl describes them, as YAML, their events, owners and use. Readers and pure builders."""
