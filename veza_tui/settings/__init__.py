"""A person's settings: ``$XDG_CONFIG_HOME/veza-tui/config.yaml``, read and checked like the workspace's files."""
