"""``environments/ENV.yaml`` into a model: structure, types and ranges; all problems collected."""

from __future__ import annotations

from veza_tui.model.environment import (
    Autoscaling,
    BackupSettings,
    Cache,
    ConnectionPool,
    Database,
    Environment,
    EnvironmentType,
    KubernetesTarget,
    Logging,
    Monitoring,
    Policy,
    Resources,
    Retention,
    Rotation,
    Service,
)
from veza_tui.workspace import checks
from veza_tui.workspace.documents import Document, read_frame
from veza_tui.workspace.reader import Reader, kind_of, suggestion
from veza_tui.workspace.scalars import ambiguous, value
from veza_tui.workspace.yamltree import Scalar

SERVICES = {"backend_api": "backend-api", "chat_server": "chat-server", "stream_server": "stream-server"}
"""The platform's services: key in the file -> name of the Service and (by default) of the Deployment."""
SSL_MODES = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")
MAX_REPLICAS = 1000


def build_environment(document: Document, name: str, policy: Policy) -> Environment | None:
    """The environment; problems are added to ``document.problems``.

    With problems it holds defaults where a value could not be used, and is None when a whole section is missing: only
    ``validate`` may look at it then.
    """
    data = read_frame(document)
    if data is None:
        return None
    kind, domain = _identity(data.mapping("environment", required=True), name)
    services = _services(data.mapping("services", required=True))
    database = _database(data.mapping("database", required=True))
    cache = _cache(data.mapping("cache", required=True))
    logging = _logging(data.mapping("logging", required=True))
    monitoring = _monitoring(data.mapping("monitoring", required=True))
    kubernetes = _kubernetes(data.mapping("kubernetes"), name)
    backup = _backup(data.mapping("backup"), kind)
    access = data.mapping("access")
    read_only = access.boolean("read_only") if access else False
    if access:
        access.close()
    data.close()
    if database is None or cache is None or logging is None or monitoring is None:
        return None
    return Environment(
        name=name,
        type=kind,
        domain=domain,
        services=services,
        database=database,
        cache=cache,
        logging=logging,
        monitoring=monitoring,
        kubernetes=kubernetes,
        backup=backup,
        read_only=read_only,
        policy=policy,
    )


def _identity(reader: Reader | None, name: str) -> tuple[EnvironmentType, str]:
    if reader is None:
        return EnvironmentType.PROD, ""
    said = reader.string("name", required=True)
    if said and said != name:
        reader.say("name", "differs from the file's name", f'write name: "{name}" or rename the file')
    kind = reader.choice("type", [t.value for t in EnvironmentType], required=True, default="prod")
    domain = reader.string("domain", required=True, check=checks.dns_name)
    reader.close()
    return EnvironmentType(kind), domain


def _services(reader: Reader | None) -> tuple[Service, ...]:
    if reader is None:
        return ()
    found = []
    for key, name in SERVICES.items():
        one = reader.mapping(key, required=True)
        if one is None:
            continue
        resources = one.mapping("resources", required=True)
        autoscaling = one.mapping("autoscaling")
        found.append(
            Service(
                key=key,
                name=name,
                port=one.integer("port", 1, 65535, required=True),
                replicas=one.integer("replicas", 0, MAX_REPLICAS, required=True),
                resources=_resources(resources),
                autoscaling=_autoscaling(autoscaling) if autoscaling else None,
                deployment=one.string("deployment", check=checks.dns_label) or name,
                health_path=one.string("health_path", check=checks.url_path) or "/health",
            )
        )
        one.close()
    for key in reader.node.entries:
        if key not in SERVICES:
            reader.raw(key)
            reader.say(key, "is not a service of the platform", suggestion(key, SERVICES))
    return tuple(found)


def _resources(reader: Reader | None) -> Resources:
    if reader is None:
        return Resources("", "")
    found = Resources(_quantity(reader, "cpu", checks.cpu), _quantity(reader, "memory", checks.memory))
    reader.close()
    return found


def _quantity(reader: Reader, name: str, check: checks.Check) -> str:
    """A quantity may stand without quotes as a number (``cpu: 1``), as Kubernetes allows it."""
    node = reader.raw(name, required=True)
    if node is None:
        return ""
    found = value(node) if isinstance(node, Scalar) else None
    if not isinstance(node, Scalar) or found is None or isinstance(found, bool) or ambiguous(node):
        reader.say(name, f"must be a quantity, not {kind_of(node)}", 'write for example "100m" or "128Mi"')
        return ""
    wrong = check(node.text)
    if wrong:
        reader.say(name, wrong, "correct the quantity")
    return node.text


def _autoscaling(reader: Reader) -> Autoscaling:
    found = Autoscaling(
        min_replicas=reader.integer("min_replicas", 1, MAX_REPLICAS, required=True, default=1),
        max_replicas=reader.integer("max_replicas", 1, MAX_REPLICAS, required=True, default=MAX_REPLICAS),
        target_cpu_utilization=reader.integer(
            "target_cpu_utilization", 1, 100, required=True, default=70, unit=" percent"
        ),
    )
    reader.close()
    if found.min_replicas > found.max_replicas:
        reader.say(
            "min_replicas",
            f"{found.min_replicas} is more than max_replicas {found.max_replicas}",
            "swap or correct them",
        )
    return found


def _database(reader: Reader | None) -> Database | None:
    if reader is None:
        return None
    pool = reader.mapping("connection_pool")
    found = Database(
        host=reader.string("host", required=True, check=checks.host),
        port=reader.integer("port", 1, 65535, required=True),
        name=reader.string("name", required=True, check=checks.identifier),
        user=reader.string("user", required=True, check=checks.identifier),
        password=reader.string("password", required=True, empty=True),
        ssl_mode=reader.choice("ssl_mode", SSL_MODES, default="prefer"),
        connection_pool=_pool(pool) if pool else None,
    )
    reader.close()
    return found


def _pool(reader: Reader) -> ConnectionPool:
    found = ConnectionPool(
        max_connections=reader.integer("max_connections", 1, 100_000, required=True, default=100_000),
        min_connections=reader.integer("min_connections", 0, 100_000, required=True),
    )
    reader.close()
    if found.min_connections > found.max_connections:
        reader.say(
            "min_connections",
            f"{found.min_connections} is more than max_connections {found.max_connections}",
            "swap or correct them",
        )
    return found


def _cache(reader: Reader | None) -> Cache | None:
    if reader is None:
        return None
    found = Cache(
        host=reader.string("host", required=True, check=checks.host),
        port=reader.integer("port", 1, 65535, required=True),
        password=reader.string("password", required=True, empty=True),
        cluster_mode=reader.boolean("cluster_mode"),
        replicas=reader.integer("replicas", 0, 100),
    )
    reader.close()
    return found


def _logging(reader: Reader | None) -> Logging | None:
    if reader is None:
        return None
    level = reader.choice("level", ("debug", "info", "warn", "error"), required=True)
    style = reader.choice("format", ("json", "text", "logfmt"), required=True)
    output = reader.choice("output", ("stdout", "stderr", "file"), required=True)
    path = reader.string("file_path", required=output == "file", check=checks.absolute_path)
    rotation = reader.mapping("rotation")
    found = Logging(level, style, output, path or None, _rotation(rotation) if rotation else None)
    reader.close()
    return found


def _rotation(reader: Reader) -> Rotation:
    found = Rotation(
        max_size=reader.string("max_size", required=True, check=checks.size),
        max_age=reader.string("max_age", required=True, check=checks.duration),
        max_backups=reader.integer("max_backups", 0, 10_000, required=True),
    )
    reader.close()
    return found


def _monitoring(reader: Reader | None) -> Monitoring | None:
    if reader is None:
        return None
    found = Monitoring(
        enabled=reader.boolean("enabled", required=True),
        prometheus_port=reader.integer("prometheus_port", 1, 65535, default=9090),
        grafana_port=reader.integer("grafana_port", 1, 65535, default=3000),
        alerting=reader.boolean("alerting"),
        tracing=reader.boolean("tracing"),
        metrics_retention=reader.string("metrics_retention", check=checks.duration) or None,
        on_change=reader.strings("on_change", check=checks.command_line),
    )
    reader.close()
    return found


def _kubernetes(reader: Reader | None, name: str) -> KubernetesTarget:
    if reader is None:
        return KubernetesTarget(None, f"veza-{name}")
    context = reader.string("context") or None
    namespace = reader.string("namespace", check=checks.dns_label) or f"veza-{name}"
    reader.close()
    return KubernetesTarget(context, namespace)


def _backup(reader: Reader | None, kind: EnvironmentType) -> BackupSettings:
    # The script leaves development's database out of a backup; so do we unless the file asks for it.
    with_database = kind is not EnvironmentType.DEV
    if reader is None:
        return BackupSettings(with_database=with_database)
    default = BackupSettings()
    drain = reader.choice("drain", ("none", "scale"), default=default.drain)
    style = reader.choice("format", ("plain", "custom", "directory"), default=default.format)
    jobs = reader.integer("jobs", 1, 64, default=default.jobs)
    if jobs > 1 and style != "directory":
        reader.say(
            "jobs", f"pg_dump runs {jobs} jobs in the directory format only", "write format: directory or jobs: 1"
        )
    retention = reader.mapping("retention")
    rpo = checks.minutes(reader.string("rpo", check=checks.duration) or "24h")
    keep = checks.minutes(reader.string("keep_set_aside", check=checks.duration) or "24h")
    found = BackupSettings(
        format=style,
        jobs=jobs,
        compression=reader.string("compression", check=checks.compression, empty=True),
        with_database=reader.boolean("with_database", default=with_database),
        retention=_retention(retention) if retention else default.retention,
        encrypt_to=reader.strings("encrypt_to", check=checks.age_recipient),
        storage=reader.string("storage", check=checks.storage, empty=True),
        rpo_minutes=rpo or default.rpo_minutes,
        keep_set_aside_hours=max(1, -(-(keep or 0) // 60)),
        drain=drain,
    )
    if style == "directory" and found.encrypt_to:
        reader.say(
            "encrypt_to", "a directory dump is written by pg_dump itself, unencrypted", "write format: custom or plain"
        )
    reader.close()
    return found


def _retention(reader: Reader) -> Retention:
    default = Retention()
    found = Retention(
        last=reader.integer("last", 1, 10_000, default=default.last),
        daily=reader.integer("daily", 0, 10_000, default=default.daily),
        weekly=reader.integer("weekly", 0, 10_000, default=default.weekly),
        monthly=reader.integer("monthly", 0, 10_000, default=default.monthly),
    )
    reader.close()
    return found
