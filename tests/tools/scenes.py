"""The pictures that ``tests.tools.screenshots`` takes: one entry a screen, in the order in which they can be taken."""

from __future__ import annotations

from dataclasses import dataclass

SIZES = ((80, 24), (160, 50))


@dataclass(frozen=True)
class Scene:
    """One picture. ``keys`` are Textual's names, pressed when ``ready`` is on the screen; then ``shows`` is awaited.

    ``wait:WORDS`` among them waits for words, ``type:TEXT`` types.
    """

    name: str
    keys: tuple[str, ...] = ()
    shows: tuple[str, ...] = ()
    incident: str = ""
    ready: str = "PODS"
    theme: str = "dark"
    sizes: tuple[tuple[int, int], ...] = SIZES
    before: tuple[str, ...] = ()
    """A command of veza-tui that is run to its end first, once for the scene."""
    edit: tuple[str, str, str] = ("", "", "")
    """A file of the workspace, what stands in it and what stands there for this scene alone."""
    once: bool = False
    """What it shows happens once: the other sizes are the same program after a change of its terminal."""
    read_only: bool = False
    """Started with --read-only."""
    gone: bool = False
    """The API server is gone once the keys were pressed: what is on the screen is old."""
    settle: float = 0.0
    """Seconds to wait after the words are there, for sparklines and the like to fill."""


_RESTORE = ("3", "wait:proven", "R", "wait:What happened", "enter", "wait:proposed:")
_CHECKS = (*_RESTORE, "enter", "wait:The whole", "enter", "wait:live database")
_SIZE = ((160, 50),)

_SMALL = ((80, 24),)

_LARGE_FIRST = ((160, 50), (80, 24))
_ASKS = ("environments/deployment-pipeline.yaml", "approvers: 0", "approvers: 1")
_WAITS = ("set-image", "production", "chat-server=:v1.4.3", "--confirm", "production", "--detach", "--reason",
          "hotfix: sockets leak in rooms")  # fmt: skip
_DEPLOY = ("3", "wait:Running", "D", "wait:Deploy production")

# Order matters: the calm pictures are taken before anything is broken.
SCENES: tuple[Scene, ...] = (
    Scene("overview", ("3",), ("backend-api", "Running", "every"), settle=12.0),
    Scene("help", ("3", "question_mark"), ("ENVIRONMENTS", "OPERATE")),
    Scene("palette", ("3", "colon"), ("Go to production",), sizes=((80, 24),)),
    Scene("light", ("3",), ("backend-api", "Running"), theme="light", sizes=((80, 24),)),
    # The third size is the README's: wide enough for all, narrow enough to be read on its page.
    Scene(
        "incident",
        ("3",),
        ("failing", "CrashLoopBackOff", "exit 1"),
        incident="bad-deploy",
        settle=6.0,
        sizes=(*SIZES, (110, 36)),
    ),
    Scene("previous", ("3", "wait:CrashLoopBackOff", "g", "p"), ("LOGS", "FATAL"), incident="bad-deploy", sizes=_SMALL),
    Scene("describe", ("3", "wait:CrashLoopBackOff", "g", "d"), ("DESCRIBE", "Containers:"), incident="bad-deploy"),
    Scene(
        "logs", ("3", "wait:CrashLoopBackOff", "L"), ("LOGS", "following", "FATAL"), incident="bad-deploy", settle=3.0
    ),
    Scene(
        "yaml", ("3", "wait:CrashLoopBackOff", "g", "y"), ("YAML", "apiVersion"), incident="bad-deploy", sizes=_SMALL
    ),
    Scene("events", ("3", "wait:CrashLoopBackOff", "e"), ("EVENTS", "BackOff"), incident="bad-deploy"),
    Scene("owners", ("3", "wait:CrashLoopBackOff", "o"), ("OWNERS", "rev 3"), incident="bad-deploy", settle=2.0),
    Scene("compare", ("3", "wait:CrashLoopBackOff", "equals_sign"), ("COMPARE", "image"), incident="bad-deploy"),
    Scene(
        "drift",
        ("3", "wait:CrashLoopBackOff", "equals_sign", "wait:COMPARE", "t"),
        ("DRIFT", "LIVE"),
        incident="bad-deploy",
        sizes=_SMALL,
    ),
    Scene("health", ("3", "wait:Running", "H"), ("HEALTH", "answered"), incident="bad-deploy"),
    Scene(
        "contrast",
        ("3",),
        ("failing", "CrashLoopBackOff", "exit 1"),
        incident="bad-deploy",
        theme="contrast",
        sizes=_SMALL,
    ),
    Scene(
        "logs-raw",
        ("3", "wait:CrashLoopBackOff", "L", "wait:FATAL", "r", "z", "k", "k"),
        ("raw", "held"),
        incident="bad-deploy",
        sizes=_SMALL,
        settle=1.0,
    ),
    Scene("stale", ("3", "wait:Running"), ("stale", "connection refused"), gone=True, settle=8.0),
    Scene(
        "refused",
        ("3",),
        ("no access", "(403)"),
        ready="no access",
        edit=("environments/production.yaml", 'context: "prod-eu"', 'context: "prod-eu-nobody"'),
        sizes=_SMALL,
    ),
    Scene(
        "no-cluster",
        ("1",),
        ("No connection to", "no context"),
        ready="down",
        edit=("environments/development.yaml", 'context: "dev-local"', 'context: "dev-gone"'),
        sizes=_SMALL,
    ),
    Scene(
        "read-only",
        ("3", "wait:Running", "question_mark"),
        ("production is read-only here",),
        read_only=True,
        sizes=_SMALL,
        settle=1.0,
    ),
    Scene("forward", ("3", "wait:Running", "g", "F"), ("grafana",), sizes=_SMALL),
    Scene(
        "forwards",
        ("3", "wait:Running", "g", "F", "wait:grafana", "down", "down", "enter", "f"),
        ("FORWARDS", "ready"),
        sizes=_SMALL,
    ),
    Scene("exercises", ("3", "wait:Running", "x"), ("data-loss",), sizes=_SMALL),
    Scene("pod", ("3", "wait:CrashLoopBackOff", "g", "enter"), ("CAUSE",), incident="bad-deploy"),
    Scene("catalogue", ("3", "wait:proven", "b"), ("nightly", "objective"), incident="data-loss"),
    Scene("restore-when", ("3", "wait:proven", "R"), ("What happened",), incident="data-loss"),
    Scene("restore-backup", _RESTORE, ("proposed:",), incident="data-loss"),
    Scene("restore-parts", (*_RESTORE, "enter"), ("The whole",), incident="data-loss"),
    Scene("restore-checks", _CHECKS, ("THEN",), incident="data-loss"),
    Scene("restore-how", (*_CHECKS, "enter"), ("Show the plan",), incident="data-loss"),
    Scene(
        "restore-confirm", (*_CHECKS, "enter", "wait:Show the plan", "G", "enter"), ("to go on",), incident="data-loss"
    ),
    Scene(
        "restore-running",
        (
            *_CHECKS,
            "enter",
            "wait:Show the plan",
            "G",
            "enter",
            "wait:to go on",
            "tab",
            "type:production/veza_production",
            "enter",
        ),
        (" running ", "ANALYZE"),
        incident="data-loss",
        sizes=_SIZE,
    ),
    Scene("undo-banner", ("3", "wait:undoes"), ("restored",), incident="data-loss", settle=2.0),
    Scene(
        "proof",
        ("3", "wait:undoes", "O", "wait:restore", "enter", "wait:P shows", "P"),
        ("equal",),
        incident="data-loss",
    ),
    Scene("deploy-confirm", _DEPLOY, ("to go on",)),
    Scene(
        "deploy-failed",
        ("2", "wait:Running", "O", "wait:set-image", "enter"),
        ("failed, rolled back", "exit 1"),
        before=("set-image", "staging", "chat-server=:v1.5.0", "--confirm", "staging"),
    ),
    Scene(
        "pipeline",
        ("2", "wait:Running", "P"),
        ("VERIFICATION", "not configured", "done"),
        before=("pipeline", "staging", "--confirm", "staging", "--tag", "v1.4.3"),
    ),
    Scene("releases", ("2", "wait:Running", "v"), ("RELEASES", "CHANGES")),
    Scene("releases-compare", ("2", "wait:Running", "v", "wait:CHANGES", "G", "space", "g"), ("from release 1 to",)),
    Scene(
        "operation-service",
        ("2", "wait:Running", "M", "wait:which service", "2", "wait:Which image"),
        ("repository",),
        sizes=_SMALL,
    ),
    Scene("history", ("2", "wait:Running", "O"), ("OPERATIONS", "pipeline", "set-image")),
    Scene(
        "approvals",
        ("3", "wait:Running", "A"),
        ("Set images of production", "sockets leak"),
        edit=_ASKS,
        before=_WAITS,
    ),
    Scene("approve", ("3", "wait:Running", "A", "wait:sockets leak", "enter"), ("Approve:", "CHANGES"), edit=_ASKS),
    Scene(
        "deploy-running",
        (*_DEPLOY, "wait:to go on", "tab", "type:production", "enter"),
        ("Wait for the blue", "new"),
        sizes=_LARGE_FIRST,
        once=True,
    ),
)
