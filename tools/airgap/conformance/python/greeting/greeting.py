"""Reads the greeting beside this file."""

from pathlib import Path

import click


def greet(name: str) -> str:
    """Return the greeting for a name, in bold."""
    text = Path(__file__).with_name("greeting.txt").read_text(encoding="utf-8").strip()
    return click.unstyle(click.style(f"{text}, {name}", bold=True))
