"""Looks at the server and the live database before a restore touches anything."""

from __future__ import annotations

import os
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from veza_tui.adapters.postgres.connection import Endpoint, connect
from veza_tui.adapters.postgres.facts import server_facts
from veza_tui.adapters.postgres.swap import MAINTENANCE, MAY_SIGNAL
from veza_tui.model.restore import SetAside, TargetFacts, stem

if TYPE_CHECKING:
    from psycopg import AsyncConnection

_LOOPBACK = ("localhost", "127.0.0.1", "::1")


async def target_facts(endpoint: Endpoint) -> TargetFacts:
    """Everything that preflight judges; ``endpoint.database`` is the live database.

    Raises:
        UnreachableError, RefusedError: the server does not answer or does not let us in.
    """
    live = endpoint.database
    async with connect(endpoint.on(MAINTENANCE)) as connection:
        server = await server_facts(connection, endpoint.host, endpoint.port)
        row = await _one(
            connection,
            "SELECT current_user, rolcreatedb, rolsuper FROM pg_roles WHERE rolname = current_user",
        )
        found = await _all(
            connection,
            "SELECT pg_get_userbyid(datdba), CASE WHEN has_database_privilege(datname, 'CONNECT')"
            " THEN pg_database_size(oid) ELSE 0 END, pg_has_role(datdba, 'USAGE'), datallowconn"
            " FROM pg_database WHERE datname = %s",
            live,
        )
        owner, size, owns, _ = found[0] if found else ("", 0, False, False)
        sessions = await _all(
            connection,
            "SELECT coalesce(usename, backend_type) || ' ' || coalesce(application_name, ''),"  # noqa: S608 - a constant
            f" backend_type = 'walsender' OR NOT {MAY_SIGNAL} FROM pg_stat_activity a"
            " WHERE datname = %s AND pid <> pg_backend_pid() AND usesysid IS NOT NULL",
            live,
        )
        in_database: dict[str, tuple[str, ...]] = {"subscriptions": (), "publications": ()}
        extensions = frozenset(await _names(connection, "SELECT name FROM pg_available_extensions"))
        if found and found[0][3]:
            async with connect(endpoint) as inside:
                in_database["publications"] = await _names(inside, "SELECT pubname FROM pg_publication ORDER BY 1")
                # subconninfo may not be read, the name may.
                in_database["subscriptions"] = await _names(
                    inside,
                    "SELECT subname FROM pg_subscription s JOIN pg_database d ON d.oid = s.subdbid"
                    " WHERE d.datname = current_database() ORDER BY 1",
                )
        return TargetFacts(
            exists=bool(found),
            size=int(size),
            owner=owner,
            user=row[0],
            can_create=row[1],
            owns_live=bool(owns),
            superuser=row[2],
            version=server.version,
            major=server.major,
            system_identifier=server.system_identifier,
            connections=len(sessions),
            foreign_sessions=tuple(sorted({s[0].strip() for s in sessions if s[1]})),
            slots=await _names(
                connection, "SELECT slot_name FROM pg_replication_slots WHERE database = %s ORDER BY 1", live
            ),
            subscriptions=in_database["subscriptions"],
            publications=in_database["publications"],
            prepared=await _names(connection, "SELECT gid FROM pg_prepared_xacts WHERE database = %s ORDER BY 1", live),
            roles=frozenset(await _names(connection, "SELECT rolname FROM pg_roles")),
            extensions=extensions,
            databases=frozenset(await _names(connection, "SELECT datname FROM pg_database")),
            free_disk=await _free_disk(connection, endpoint.host),
            may_become=frozenset(
                await _names(connection, "SELECT rolname FROM pg_roles WHERE pg_has_role(oid, 'MEMBER')")
            ),
            uncarried=await _uncarried(connection, live),
        )


# Who may set what for whom (source: PostgreSQL, guc.c validate_option_array_item, where an unknown name is a custom
# parameter; user.c AlterRoleSet). Before 15 nobody could be granted a parameter, before 16 CREATEROLE was enough.
_UNCARRIED = """
SELECT CASE WHEN s.setrole = 0 THEN '' ELSE pg_get_userbyid(s.setrole) || ': ' END || n.name
FROM pg_db_role_setting s JOIN pg_database d ON d.oid = s.setdatabase
JOIN pg_roles me ON me.rolname = current_user AND NOT me.rolsuper
CROSS JOIN LATERAL (SELECT split_part(c, '=', 1) AS name FROM unnest(s.setconfig) c) n
LEFT JOIN pg_settings g ON lower(g.name) = lower(n.name)
LEFT JOIN pg_roles r ON r.oid = s.setrole
WHERE d.datname = %s AND (
  (g.name IS NULL OR g.context IN ('superuser', 'superuser-backend')) AND NOT {granted}
  OR s.setrole NOT IN (0, me.oid) AND (r.rolsuper OR NOT me.rolcreaterole OR NOT {administered})
) ORDER BY 1
"""


async def _uncarried(connection: AsyncConnection, live: str) -> tuple[str, ...]:
    version = connection.info.server_version
    granted = "has_parameter_privilege(n.name, 'SET')" if version >= 150000 else "false"
    administered = "pg_has_role(s.setrole, 'MEMBER WITH ADMIN OPTION')" if version >= 160000 else "true"
    return await _names(connection, _UNCARRIED.format(granted=granted, administered=administered), live)


_AT = r"\d{8}_\d{6}"
_SCHEMAS = """
SELECT n.nspname, coalesce(sum(pg_total_relation_size(c.oid)), 0)::bigint
FROM pg_namespace n LEFT JOIN pg_class c ON c.relnamespace = n.oid AND c.relkind = 'r'
WHERE n.nspname ~ '_before_[0-9]{8}_[0-9]{6}$' GROUP BY 1
"""


async def set_aside_databases(endpoint: Endpoint) -> list[SetAside]:
    """What restores of ``endpoint.database`` left on the server, newest first, told by their names."""
    live = endpoint.database
    pattern = re.compile(rf"{re.escape(stem(live))}_(before|undone|scratch)_({_AT})\Z")
    async with connect(endpoint.on(MAINTENANCE)) as connection:
        rows = await _all(
            connection,
            "SELECT datname, CASE WHEN has_database_privilege(datname, 'CONNECT') THEN pg_database_size(oid)"
            " ELSE 0 END, datname = %s AND datallowconn FROM pg_database"
            " WHERE datname = %s OR starts_with(datname, %s)",
            live, live, stem(live) + "_",
        )  # fmt: skip
    found = []
    for name, size, _ in rows:
        match = pattern.match(name)
        if match:
            found.append(SetAside(name, live, _moment(match[2]), int(size), match[1]))
    if any(is_live for _, _, is_live in rows):
        async with connect(endpoint) as inside:
            for name, size in await _all(inside, _SCHEMAS):
                found.append(SetAside(name, live, _moment(name[-15:]), int(size), "tables"))
    return sorted(found, key=lambda s: (s.at, s.name), reverse=True)


def _moment(stamp: str) -> float:
    return datetime.strptime(stamp, "%Y%m%d_%H%M%S").replace(tzinfo=UTC).timestamp()


async def _free_disk(connection: AsyncConnection, host: str) -> int | None:
    import psycopg

    if host not in _LOOPBACK and not host.startswith("/"):
        return None
    try:
        async with connection.transaction():
            directory = (await _one(connection, "SELECT current_setting('data_directory')"))[0]
    except psycopg.errors.InsufficientPrivilege:
        return None
    # A loopback address can be a tunnel to another machine: only a data directory that is really here counts.
    if not Path(directory, "PG_VERSION").exists():
        return None
    stat = os.statvfs(directory)
    return stat.f_bavail * stat.f_frsize


async def _all(connection: AsyncConnection, query: Any, *parameters: object) -> list[tuple[Any, ...]]:
    cursor = await connection.execute(query, parameters or None)
    return await cursor.fetchall()


async def _one(connection: AsyncConnection, query: Any) -> tuple[Any, ...]:
    return (await _all(connection, query))[0]


async def _names(connection: AsyncConnection, query: str, *parameters: object) -> tuple[str, ...]:
    return tuple(str(row[0]) for row in await _all(connection, query, *parameters))
