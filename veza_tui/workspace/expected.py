"""What an environment's file says that its ConfigMap must say, too."""

from __future__ import annotations

from veza_tui.model.environment import Environment


def expected_config(environment: Environment) -> dict[str, str]:
    """The variables of the ConfigMap that the environment's file decides."""
    database, cache, logging = environment.database, environment.cache, environment.logging
    found = {
        "ENVIRONMENT": environment.name,
        "LOG_LEVEL": logging.level,
        "LOG_FORMAT": logging.format,
        "LOG_OUTPUT": logging.output,
        "METRICS_ENABLED": _word(environment.monitoring.enabled),
        "TRACING_ENABLED": _word(environment.monitoring.tracing),
        "DB_HOST": database.host,
        "DB_PORT": str(database.port),
        "DB_NAME": database.name,
        "DB_USER": database.user,
        "DB_SSL_MODE": database.ssl_mode,
        "REDIS_HOST": cache.host,
        "REDIS_PORT": str(cache.port),
        "REDIS_CLUSTER_MODE": _word(cache.cluster_mode),
    }
    if logging.file_path:
        found["LOG_FILE_PATH"] = logging.file_path
    if database.connection_pool:
        found["DB_MAX_CONNECTIONS"] = str(database.connection_pool.max_connections)
        found["DB_MIN_CONNECTIONS"] = str(database.connection_pool.min_connections)
    return found


def _word(value: bool) -> str:
    return "true" if value else "false"
