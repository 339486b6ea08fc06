"""``python -m tests.tools.screenshots DIR [NAME...]``: SVGs of the running program on the embedded platform.

A scene is one entry of tests/tools/scenes.py: its name, the keys that lead there and the words that must be on the
screen before it is taken, at each of its sizes. ``incident`` is started before and stopped afterwards.
"""

from __future__ import annotations

import asyncio
import contextlib
import html
import json
import os
import re
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from pathlib import Path
from subprocess import DEVNULL, PIPE
from typing import TYPE_CHECKING

from benchmarks.platform import environment, platform
from tests.integration.cluster_contract.line import Line
from tests.tools.scenes import SCENES, Scene

if TYPE_CHECKING:
    from textual.pilot import Pilot

    from veza_tui.tui.app import VezaApp

_TEXT = re.compile(r'<text class="([^"]+)" x="([\d.]+)" y="([\d.]+)" textLength="([\d.]+)" ([^>]*)>([^<]*)</text>')


# Rules and bars in short pieces: the drift of a long one would open the corners of a frame.
_GROUP = re.compile(r"[\u2500-\u259f]{1,8}|[^\xa0\n\u2500-\u259f]+(?:\xa0[^\xa0\n\u2500-\u259f]+)*")


def _apart(found: re.Match[str]) -> str:
    """Each group of words at its own place: not every viewer honours leading blanks and ``textLength``."""
    style, x, y, length, rest, escaped = found.groups()
    text = html.unescape(escaped)
    cell = float(length) / max(1, len(text))
    words = []
    for match in _GROUP.finditer(text):
        word = html.escape(match[0]).replace("\xa0", "&#160;")
        place = f'x="{float(x) + match.start() * cell:.1f}" y="{y}" textLength="{len(match[0]) * cell:.1f}"'
        words.append(f'<text class="{style}" {place} {rest}>{word}</text>')
    return "".join(words)


def tidy(svg: str) -> str:
    """Without Textual's web fonts and its random ids: no address in a picture, and the same picture twice is equal."""
    svg = _TEXT.sub(_apart, svg)
    svg = re.sub(r"@font-face \{.*?\}", "", svg, flags=re.DOTALL)
    svg = re.sub(r"<!--.*?-->", "", svg, flags=re.DOTALL)
    svg = svg.replace("Fira Code, monospace", "'Fira Code', 'DejaVu Sans Mono', Menlo, Consolas, monospace")
    return re.sub(r"terminal-\d+", "terminal", svg)


def text_of(app: VezaApp) -> str:
    """What is on the screen."""
    strips = app.screen._compositor.render_strips(app.screen.size)
    return "\n".join("".join(segment.text for segment in strip) for strip in strips)


async def until(pilot: Pilot[int], app: VezaApp, words: tuple[str, ...], timeout: float = 60.0) -> None:
    """Wait until all ``words`` are on the screen."""
    end = asyncio.get_running_loop().time() + timeout
    while any(word not in text_of(app) for word in words):
        if asyncio.get_running_loop().time() > end:
            raise TimeoutError(f"never on the screen: {words}\n{text_of(app)}")
        await pilot.pause(0.1)


async def take(scene: Scene, sizes: Sequence[tuple[int, int]], workspace: Path, folder: Path) -> list[Path]:
    """Run the program, go there, save the picture at each size."""
    os.environ["VEZA_THEME"] = scene.theme
    if scene.gone:
        async with relayed() as cut:
            return await shoot(scene, sizes, workspace, folder, cut)
    return await shoot(scene, sizes, workspace, folder)


@contextlib.asynccontextmanager
async def relayed() -> AsyncIterator[Callable[[], Awaitable[None]]]:
    """Until its end the API server is reached through a relay; what it yields ends the relay."""
    before = Path(os.environ["KUBECONFIG"])
    text = before.read_text()
    found = re.search(r"https://127\.0\.0\.1:(\d+)", text)
    assert found is not None
    line = Line("127.0.0.1", int(found[1]))
    await line.open()
    with tempfile.TemporaryDirectory() as folder:
        other = Path(folder, "kubeconfig")
        other.write_text(text.replace(found[0], f"https://127.0.0.1:{line.port}"))
        os.environ["KUBECONFIG"] = str(other)
        try:
            yield line.refuse
        finally:
            os.environ["KUBECONFIG"] = str(before)
            await line.close()


async def shoot(
    scene: Scene,
    sizes: Sequence[tuple[int, int]],
    workspace: Path,
    folder: Path,
    then: Callable[[], Awaitable[None]] | None = None,
) -> list[Path]:
    """``take``, when all is set; ``then`` is done after the keys."""
    from veza_tui.tui.app import VezaApp
    from veza_tui.wiring import make_screen_services

    services = make_screen_services(workspace, read_only=scene.read_only)
    app = VezaApp(services)
    paths = []
    try:
        async with app.run_test(size=sizes[0]) as pilot:
            await until(pilot, app, (scene.ready,))
            for key in scene.keys:
                await press(pilot, app, key)
            if then is not None:
                await then()
            for size in sizes:
                await pilot.resize_terminal(*size)
                await until(pilot, app, scene.shows)
                await pilot.pause(scene.settle)
                path = folder / f"{scene.name}-{size[0]}x{size[1]}.svg"
                path.write_text(tidy(app.export_screenshot(title=f"veza-tui — {scene.name}")))
                paths.append(path)
    finally:
        await services.close()
    return paths


async def press(pilot: Pilot[int], app: VezaApp, key: str) -> None:
    """One entry of ``Scene.keys``."""
    if key.startswith("wait:"):
        await until(pilot, app, (key.removeprefix("wait:"),))
    elif key.startswith("type:"):
        await pilot.press(*({"/": "slash", "_": "underscore"}.get(c, c) for c in key.removeprefix("type:")))
    else:
        await pilot.press(key)
        await pilot.pause(0.2)


async def take_all(scenes: list[Scene], workspace: Path, folder: Path) -> None:
    """Every scene at every size."""
    from veza_tui.tui.exercises import list_exercises, switch

    on = ""
    for scene in scenes:
        if scene.incident != on:
            for exercise in await list_exercises():
                if exercise.name in (scene.incident, on) and exercise.active == (exercise.name == on):
                    await switch(exercise)
            on = scene.incident
        name, old, new = scene.edit
        file = workspace / name
        text = file.read_text() if name else ""
        if name:
            file.write_text(text.replace(old, new))
        try:
            if scene.before:
                await program(workspace, *scene.before)
            for sizes in [scene.sizes] if scene.once else [(size,) for size in scene.sizes]:
                print(*await take(scene, sizes, workspace, folder), sep="\n", flush=True)
        finally:
            if name:
                file.write_text(text)


async def program(workspace: Path, *arguments: str) -> bytes:
    """Run a command of veza-tui to its end."""
    command = [sys.executable, "-m", "veza_tui", "-C", str(workspace), *arguments]
    process = await asyncio.create_subprocess_exec(*command, stdin=DEVNULL, stdout=PIPE, stderr=DEVNULL)
    return (await process.communicate())[0]


async def end_operations(workspace: Path) -> None:
    """What was started for a picture does not outlive the pictures."""
    for found in json.loads(await program(workspace, "operations", "list", "--json") or b"[]"):
        if found["state"] in ("running", "waiting", "cancelling"):
            await program(workspace, "operations", "cancel", found["id"], "--force")


async def everything(scenes: list[Scene], workspace: Path, folder: Path) -> None:
    """The pictures, and nothing left behind."""
    try:
        await take_all(scenes, workspace, folder)
    finally:
        await end_operations(workspace)


def main() -> int:
    """Take the named scenes, or all."""
    if len(sys.argv) < 2:
        print(__doc__, file=sys.stderr)
        return 2
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    wanted = sys.argv[2:]
    scenes = [scene for scene in SCENES if not wanted or scene.name in wanted]
    os.environ.pop("NO_COLOR", None)
    os.environ.setdefault("TEXTUAL_ANIMATIONS", "none")
    with platform() as ready:
        os.environ.update(environment(ready))
        asyncio.run(everything(scenes, Path(ready["workspace"]), folder))
    return 0


if __name__ == "__main__":
    sys.exit(main())
