"""Pods' use of CPU and memory, on the screens that show it."""

from __future__ import annotations

from textual.message_pump import MessagePump

from veza_tui.feeds.inspect.usage import UseFeed


class ShowsUse(MessagePump):
    """Asked for while somebody looks. Textual calls these beside the same handlers of the screen's other bases."""

    use: UseFeed

    def wants_use(self) -> bool:
        """Whether there is anything to ask for."""
        return True

    def on_screen_resume(self) -> None:
        """Somebody looks."""
        if self.wants_use():
            self.use.start()

    async def on_screen_suspend(self) -> None:
        """Nobody looks: nothing is asked."""
        await self.use.stop()

    async def on_unmount(self) -> None:
        """Closed."""
        await self.use.stop()
