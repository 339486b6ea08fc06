"""veza-tui: terminal control panel for the environments of the Veza platform."""

__version__ = "0.1.0"
