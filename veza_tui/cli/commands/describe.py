"""``veza-tui describe``: an object in kubectl describe's words, or its YAML with Secrets masked."""

from __future__ import annotations

import asyncio
import contextlib

import click

from veza_tui.cli.main import Options
from veza_tui.model.errors import ConfigError, TimedOutError, VezaError
from veza_tui.model.exits import Exit


@click.command("describe")
@click.argument("name", metavar="ENV")
@click.argument("target", metavar="POD|KIND/NAME")
@click.option("--yaml", "as_yaml", is_flag=True, help="Print YAML: managedFields left out, Secrets masked.")
@click.option("--managed-fields", is_flag=True, help="With --yaml: managedFields too.")
@click.option("--reveal", is_flag=True, help="With --yaml: a Secret's values, which is written to the audit log.")
@click.option("--timeout", default=15.0, show_default=True, metavar="S", help="Seconds to wait for the cluster.")
@click.pass_obj
def command(
    options: Options, name: str, target: str, as_yaml: bool, managed_fields: bool, reveal: bool, timeout: float
) -> int:
    """Describe a pod, or deployment/NAME, rs/NAME, configmap/NAME, secret/NAME and so on."""
    if (managed_fields or reveal) and not as_yaml:
        raise ConfigError("--managed-fields and --reveal go with --yaml", hint="add --yaml")
    return asyncio.run(_describe(options, name, target, as_yaml, managed_fields, reveal, timeout))


async def _describe(
    options: Options, name: str, target: str, as_yaml: bool, managed: bool, reveal: bool, timeout: float
) -> int:
    import time

    from veza_tui import wiring
    from veza_tui.cli.output import data
    from veza_tui.feeds.inspect.describe import describe
    from veza_tui.feeds.inspect.live import LiveObject
    from veza_tui.feeds.inspect.objects import KINDS, parse
    from veza_tui.feeds.inspect.yamltext import is_secret, yaml_lines
    from veza_tui.operations.inspect.reveal import reveal_secret

    world = wiring.open_world(options.workspace, read_only=True)
    try:
        environment = world.environment(name)
        try:
            ref = parse(target, environment.kubernetes.namespace)
        except ValueError:
            raise ConfigError(
                "write POD or KIND/NAME", hint=f"kinds: {', '.join(sorted(k.lower() for k in KINDS))}"
            ) from None
        changed = asyncio.Event()
        live = LiveObject(world.cluster(environment), ref, world.clock, changed.set, whole=as_yaml, related=not as_yaml)
        live.start()
        try:
            async with asyncio.timeout(timeout):
                while not live.ready:
                    changed.clear()
                    with contextlib.suppress(TimeoutError):
                        await asyncio.wait_for(changed.wait(), 0.1)
        except TimeoutError:
            if live.error is None:
                raise TimedOutError(f"{name}: no answer in {timeout:g} s", hint="give more --timeout") from None
        finally:
            await live.close()
        if live.object is None:
            if live.error is not None:
                raise live.error
            raise VezaError(f"there is no {ref} in {ref.namespace}", hint="see veza-tui status")
        if reveal and is_secret(live.object):
            await reveal_secret(world.cluster(environment), wiring.audit_log(), environment, ref.name)
        lines = (
            yaml_lines(live.object, managed=managed, reveal=reveal)
            if as_yaml
            else describe(live.object, live.related(), time.time())
        )
        for line in lines:
            data(line)
        return Exit.DONE
    finally:
        await world.close()
