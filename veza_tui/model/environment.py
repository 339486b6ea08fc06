"""An environment as its file ``environments/ENV.yaml`` describes it (source: environment-management guide)."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


class EnvironmentType(StrEnum):
    """The guide's ``data.environment.type``."""

    DEV = "dev"
    STAGING = "staging"
    PROD = "prod"


@dataclass(frozen=True, slots=True)
class Autoscaling:
    """Bounds of a HorizontalPodAutoscaler; ``target_cpu_utilization`` in percent of the request."""

    min_replicas: int
    max_replicas: int
    target_cpu_utilization: int


@dataclass(frozen=True, slots=True)
class Resources:
    """Kubernetes quantities as written, for example ``100m`` and ``128Mi``."""

    cpu: str
    memory: str


@dataclass(frozen=True, slots=True)
class Service:
    """One of the platform's services."""

    key: str
    """Key in the file, for example ``backend_api``."""
    name: str
    """DNS name, for example ``backend-api``: the name of its Service object."""
    port: int
    replicas: int
    resources: Resources
    autoscaling: Autoscaling | None = None
    deployment: str = ""
    """Name of its Deployment; the service's name unless the file says otherwise."""
    health_path: str = "/health"


@dataclass(frozen=True, slots=True)
class ConnectionPool:
    """Connections the services may hold open together."""

    max_connections: int
    min_connections: int


@dataclass(frozen=True, slots=True)
class Database:
    """PostgreSQL; ``password`` is as written, so usually ``${DB_PASSWORD}``: resolve it at the moment of use."""

    host: str
    port: int
    name: str
    user: str
    password: str = field(repr=False)
    ssl_mode: str = "prefer"
    """libpq's sslmode: disable, allow, prefer, require, verify-ca, verify-full."""
    connection_pool: ConnectionPool | None = None


@dataclass(frozen=True, slots=True)
class Cache:
    """Redis or Valkey; ``password`` as written, empty for none."""

    host: str
    port: int
    password: str = field(repr=False)
    cluster_mode: bool = False
    replicas: int = 0


@dataclass(frozen=True, slots=True)
class Rotation:
    """Log rotation as written in the file."""

    max_size: str
    max_age: str
    max_backups: int


@dataclass(frozen=True, slots=True)
class Logging:
    """How the services log."""

    level: str
    format: str
    output: str
    file_path: str | None = None
    rotation: Rotation | None = None


@dataclass(frozen=True, slots=True)
class Monitoring:
    """Prometheus and Grafana (namespace ``monitoring``)."""

    enabled: bool
    prometheus_port: int = 9090
    grafana_port: int = 3000
    alerting: bool = False
    tracing: bool = False
    metrics_retention: str | None = None
    on_change: tuple[str, ...] = ()
    """Command lines that `veza-tui monitor` runs on a change; split as a shell would, run without one."""


@dataclass(frozen=True, slots=True)
class KubernetesTarget:
    """Where the environment lives; ``context`` None means the kubeconfig's current context."""

    context: str | None
    namespace: str


@dataclass(frozen=True, slots=True)
class Retention:
    """How many backups ``prune`` keeps, counted per period."""

    last: int = 7
    daily: int = 7
    weekly: int = 4
    monthly: int = 6


@dataclass(frozen=True, slots=True)
class BackupSettings:
    """``data.backup``; ``rpo_minutes`` is the age at which the newest proven backup is too old."""

    format: str = "plain"
    """plain, custom or directory."""
    jobs: int = 1
    compression: str = ""
    with_database: bool = True
    retention: Retention = field(default_factory=Retention)
    encrypt_to: tuple[str, ...] = ()
    """age recipients."""
    storage: str = ""
    """``s3://bucket/prefix``; empty for the workspace's ``backups/``."""
    rpo_minutes: int = 24 * 60
    keep_set_aside_hours: int = 24
    """How long a database that a restore set aside should be kept; it is never dropped by itself."""
    drain: str = "none"
    """What a restore does with the services around its swap unless it is told: none, or scale (to zero)."""


@dataclass(frozen=True, slots=True)
class Policy:
    """What ``environments/deployment-pipeline.yaml`` allows for the environment."""

    auto_deploy: bool = False
    manual_approval: bool = True
    rollback_enabled: bool = True
    blue_green: bool = False
    approvers: int = 0
    keep_old_minutes: int = 30
    """How long blue-green keeps the old colour for a switch back."""


@dataclass(frozen=True, slots=True)
class Environment:
    """One environment, complete: what the file says plus defaults."""

    name: str
    type: EnvironmentType
    domain: str
    services: tuple[Service, ...]
    database: Database
    cache: Cache
    logging: Logging
    monitoring: Monitoring
    kubernetes: KubernetesTarget
    backup: BackupSettings = field(default_factory=BackupSettings)
    read_only: bool = False
    policy: Policy = field(default_factory=Policy)

    @property
    def production(self) -> bool:
        """Whether people's work depends on it: marked by word and colour everywhere."""
        return self.type is EnvironmentType.PROD
