"""Tables on a terminal or in a file: every cell whole, whatever the width."""

from rich.console import Console
from rich.table import Table


def print_table(table: Table) -> None:
    """Prints a table as wide as its longest row. A narrower terminal breaks the lines; nothing is cut, so that the same text comes
    out everywhere."""
    console = Console(soft_wrap=True)
    widest = console.measure(table, options=console.options.update(max_width=1_000_000)).maximum
    Console(width=max(widest, console.width), soft_wrap=True).print(table)
