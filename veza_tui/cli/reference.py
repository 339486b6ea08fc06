"""What the man page and `info` say beyond the parser: exit codes, files, environment variables."""

from __future__ import annotations

EXITS: tuple[tuple[int, str], ...] = (
    (0, "Done; healthy; nothing worse than a warning."),
    (1, "Failed, or degraded."),
    (2, "Wrong usage, or a configuration that cannot be used."),
    (3, "Unreachable: cluster, database, cache or store."),
    (4, "Timed out."),
    (5, "Locked: another operation holds the environment."),
    (6, "Refused by policy, by a preflight check or for want of a permission; nothing was changed."),
    (7, "Failed, and what had been changed was taken back."),
    (130, "Interrupted (Ctrl-C)."),
    (143, "Terminated."),
)

FILES: tuple[tuple[str, str], ...] = (
    ("environments/ENV.yaml", "An environment of the workspace: services, database, cache, cluster, policy keys."),
    ("environments/deployment-pipeline.yaml, environments/environment-rules.yaml", "The pipeline's policy; the rules."),
    ("k8s/ENV/", "The manifests that deploy applies."),
    ("secrets/ENV.env", "Values of ${VAR}; never committed, mode 0600."),
    ("backups/", "Backups, one directory each, with a manifest."),
    ("$XDG_CONFIG_HOME/veza-tui/config.yaml", "Your settings and key map; ~/.config without the variable."),
    ("$XDG_STATE_HOME/veza-tui/", "Operations with their journals, audit log, health history, clipboard.txt; "
     "~/.local/state without the variable. Mode 0700."),
)  # fmt: skip

VARIABLES: tuple[tuple[str, str], ...] = (
    ("VEZA_WORKSPACE", "The workspace, where -C does not say."),
    ("VEZA_READ_ONLY", "Not empty and not 0: every operation that changes anything is refused."),
    ("VEZA_THEME", "dark, light, contrast, ansi or auto; over the file's theme."),
    ("VEZA_ASCII, VEZA_MOUSE, VEZA_BELL", "1 or 0; over the file's ascii, mouse and bell."),
    ("VEZA_ALERTS", "0: no bell and no notice when an environment turns worse."),
    ("VEZA_HEALTH_INTERVAL", "Seconds between two health checks of the screen; over the file's health_interval."),
    ("VEZA_APPROVALS", "Directory where approvals are kept (sticky, shared); without one the cluster keeps them."),
    ("VEZA_KEEP_OPERATIONS", "Finished operations kept: a number (1000), days as 90d, or all; unfinished ones always."),
    ("VEZA_DEBUG_IMAGE", "Image of the debug container that shell offers."),
    ("KUBECONFIG", "The kubeconfig, one or several files separated by colons."),
    ("NO_COLOR", "Not empty: no colours."),
    ("XDG_CONFIG_HOME, XDG_STATE_HOME", "Where settings and state stand; a relative value is ignored."),
)

SETTINGS: tuple[tuple[str, str], ...] = (
    ("theme", "dark, light, contrast, ansi or auto (the default: by what the terminal can show)."),
    ("ascii", "true: draw with ASCII characters only."),
    ("mouse", "false: leave the mouse to the terminal."),
    ("bell", "false: never ring."),
    ("health_interval", "Seconds between two health checks, 5 to 3600 (30)."),
    ("keys", "A mapping of action ids to a key or a list of keys: l, G, /, ctrl-d, alt-x, shift-tab, f5, space. "
     "An empty list takes the key away. veza-tui info --keys lists the actions."),
)  # fmt: skip
