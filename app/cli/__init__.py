"""The command `refundry`: one noun per file, loaded when it is called."""

from app.cli.root import cli, main

__all__ = ["cli", "main"]
