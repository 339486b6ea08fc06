"""One question each: the services through the API server, the database, the cache. VezaErrors become answers."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Protocol

from veza_tui.model.environment import Service
from veza_tui.model.errors import ConfigError, UnreachableError, VezaError
from veza_tui.model.text import printable
from veza_tui.model.workload import State
from veza_tui.ports.cluster import Cluster, ClusterError, ClusterUnreachable, Denied, HttpAnswer, NotFound
from veza_tui.ports.health import CacheProbe, CacheVitals, DatabaseProbe, DatabaseVitals

SLOW = 2.0
"""Seconds above which an answer is called slow."""
FULL = 0.9
"""Share of the database's connections, or of the cache's memory, above which it is called nearly full."""


Vitals = tuple[tuple[str, float | int | str | bool | None], ...]
"""(name, value) as in ports.health."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a check found; ``latency`` in seconds, None without an answer. UNKNOWN when nothing can be said of it."""

    state: State
    latency: float | None
    detail: str
    answered: str
    vitals: Vitals = ()


class Check(Protocol):
    """A question that can be asked again and again."""

    @property
    def name(self) -> str:
        """As HealthRow.name."""
        ...

    @property
    def kind(self) -> str:
        """service, database or cache."""
        ...

    @property
    def asked(self) -> str:
        """What is asked, without secrets."""
        ...

    async def ask(self, timeout: float) -> Answer:
        """Ask once, at most ``timeout`` seconds."""
        ...


class ServiceCheck:
    """A service's health path through the API server's service proxy: what its callers in the cluster get."""

    kind = "service"

    def __init__(self, cluster: Callable[[], Cluster | None], namespace: str, service: Service) -> None:
        self._cluster = cluster
        self._namespace = namespace
        self._service = service
        self.name = service.name
        self.asked = f"GET {service.health_path} of service {service.name}:{service.port} in {namespace}"

    async def ask(self, timeout: float) -> Answer:
        """FAILED for an error status, UNKNOWN when the API server is what does not answer or does not allow it."""
        service, cluster = self._service, self._cluster()
        if cluster is None:
            return Answer(State.UNKNOWN, None, "not asked: no API server", "there is no connection to the cluster")
        try:
            answer = await cluster.proxy_get(
                self._namespace, service.name, service.port, service.health_path, timeout=timeout
            )
        except NotFound as error:
            return Answer(State.FAILED, None, f"no service {service.name}", str(error))
        except Denied as error:
            words = "not logged in (401)" if error.status == 401 else "not allowed: services/proxy"
            return Answer(State.UNKNOWN, None, words, str(error))
        except ClusterUnreachable as error:
            return Answer(State.UNKNOWN, None, "not asked: no API server", str(error))
        except ClusterError as error:
            return Answer(State.UNKNOWN, None, printable(error.message, limit=60), str(error))
        return judge_http(answer)


def judge_http(answer: HttpAnswer) -> Answer:
    """State and one telling detail of an HTTP answer, whatever JSON health format the service speaks."""
    body = _json(answer.body)
    text = printable(" ".join(answer.body[:400].decode(errors="replace").split()), limit=300)
    answered = f"{answer.status} {text}".strip()
    if body.get("kind") == "Status" and answer.status >= 400:
        # The API server itself: it found nobody to ask.
        message = str(body.get("message") or "")
        detail = printable(message, limit=60)
        if "no endpoints" in message:
            detail = "no ready pod"
        elif "error trying to reach service" in message:
            detail = "does not answer"
        return Answer(State.FAILED, answer.seconds, f"{answer.status} {detail}", printable(message, limit=300))
    trouble = _trouble(body)
    if answer.status >= 400:
        return Answer(State.FAILED, answer.seconds, f"{answer.status} {trouble}".strip(), answered)
    word = str(body.get("status") or "").lower()
    if word in _BAD or (trouble and word not in _GOOD):
        return Answer(State.DEGRADED, answer.seconds, trouble or word, answered)
    if answer.seconds > SLOW:
        return Answer(State.DEGRADED, answer.seconds, f"slow: {answer.seconds:.1f} s", answered)
    return Answer(State.OK, answer.seconds, printable(str(body.get("version") or ""), limit=40), answered)


_GOOD = frozenset(("ok", "up", "pass", "healthy", "alive", "ready", "serving", "true"))
_BAD = frozenset(("degraded", "warn", "warning", "down", "fail", "failed", "unhealthy", "error", "not ready"))


def _json(data: bytes) -> Mapping[str, Any]:
    try:
        body = json.loads(data)
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def _trouble(body: Mapping[str, Any]) -> str:
    """The first dependency that the body reports as not well, for example ``database down``."""
    for group in ("checks", "dependencies", "components", "details", "services", "info"):
        entries = body.get(group)
        pairs = entries.items() if isinstance(entries, dict) else ()
        for name, value in pairs:
            entry = value[0] if isinstance(value, list) and value else value
            word = str((entry.get("status") or "") if isinstance(entry, dict) else entry).lower()
            if word in _BAD or (entry is False):
                return printable(f"{name} {word if word in _BAD else 'down'}", limit=60)
    for key in ("error", "message", "reason"):
        if isinstance(body.get(key), str) and body[key]:
            return printable(body[key], limit=60)
    return ""


class DatabaseCheck:
    """PostgreSQL's vitals."""

    kind = "database"
    name = "database"

    def __init__(self, probe: DatabaseProbe, label: str) -> None:
        self._probe = probe
        self.asked = f"vitals of PostgreSQL {label}"

    async def ask(self, timeout: float) -> Answer:
        """FAILED when it does not answer or refuses, UNKNOWN when our own configuration is what is missing."""
        try:
            found = await self._probe.vitals(timeout=timeout)
            return replace(judge_database(found), vitals=tuple(asdict(found).items()))
        except VezaError as error:
            return _failed(error)


class CacheCheck:
    """Redis' or Valkey's vitals."""

    kind = "cache"
    name = "cache"

    def __init__(self, probe: CacheProbe, label: str) -> None:
        self._probe = probe
        self.asked = f"INFO of the cache {label}"

    async def ask(self, timeout: float) -> Answer:
        """As DatabaseCheck."""
        try:
            found = await self._probe.vitals(timeout=timeout)
            return replace(judge_cache(found), vitals=tuple(asdict(found).items()))
        except VezaError as error:
            return _failed(error)


def _failed(error: VezaError) -> Answer:
    if isinstance(error, ConfigError):
        variable = re.match(r"\$\{(\w+)\} is neither", error.message)
        if variable:
            return Answer(State.UNKNOWN, None, f"{variable[1]} is not set", printable(str(error), limit=300))
        return Answer(State.UNKNOWN, None, printable(error.message, limit=60), printable(str(error), limit=300))
    detail = "does not answer" if isinstance(error, UnreachableError) else "refused"
    return Answer(State.FAILED, None, detail, printable(str(error), limit=300))


def judge_database(v: DatabaseVitals) -> Answer:
    """Connections in use are the telling detail, unless something is worse."""
    used = f"{v.connections}/{v.max_connections}"
    answered = (
        f"PostgreSQL {v.version}: {used} connections, longest transaction {v.longest_transaction:.0f} s, "
        f"{v.blocked} blocked, {size(v.size)}"
        + (f", cache hits {v.cache_hit:.1%}" if v.cache_hit is not None else "")
        + (f", replication lag {v.replication_lag:.0f} s" if v.replication_lag is not None else "")
    )
    if v.max_connections and v.connections >= FULL * v.max_connections:
        return Answer(State.DEGRADED, v.latency, f"{used} connections", answered)
    if v.blocked:
        return Answer(State.DEGRADED, v.latency, f"{used} {v.blocked} blocked", answered)
    if v.replication_lag is not None and v.replication_lag > 60:
        return Answer(State.DEGRADED, v.latency, f"{used} lag {v.replication_lag:.0f} s", answered)
    if v.latency > SLOW:
        return Answer(State.DEGRADED, v.latency, f"slow: {v.latency:.1f} s", answered)
    return Answer(State.OK, v.latency, used, answered)


def judge_cache(v: CacheVitals) -> Answer:
    """Memory in use is the telling detail, unless something is worse."""
    used = size(v.used_memory)
    limit = f" of {size(v.max_memory)}" if v.max_memory else ""
    answered = (
        f"{v.product}, {v.role}, {used}{limit}, {v.clients} clients, {v.evicted} evicted, persistence {v.persistence}"
        + (", cluster" if v.cluster_mode else "")
    )
    if v.max_memory and v.used_memory >= FULL * v.max_memory:
        return Answer(State.DEGRADED, v.latency, f"{used}{limit}", answered)
    if "failed" in v.persistence:
        return Answer(State.DEGRADED, v.latency, f"{used} {v.persistence}", answered)
    if v.latency > SLOW:
        return Answer(State.DEGRADED, v.latency, f"slow: {v.latency:.1f} s", answered)
    return Answer(State.OK, v.latency, used, answered)


def size(count: float) -> str:
    """Bytes for people, powers of 1024: ``13 MB``."""
    for unit in ("B", "kB", "MB", "GB"):
        if count < 1024:
            return f"{count:.0f} {unit}"
        count /= 1024
    return f"{count:.1f} TB"
