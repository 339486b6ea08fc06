"""The names of a blue-green deploy's colours. Pure."""

from __future__ import annotations

COLOURS = ("blue", "green")


def coloured_name(name: str, colour: str) -> str:
    """``backend-api-green``."""
    return f"{name}-{colour}"


def variant_names(deployment: str) -> tuple[str, ...]:
    """The names that a service's Deployments may have: plain, blue and green."""
    return (deployment, *(coloured_name(deployment, c) for c in COLOURS))


def family(name: str) -> str:
    """The name without its colour."""
    stem, dash, colour = name.rpartition("-")
    return stem if dash and colour in COLOURS else name
