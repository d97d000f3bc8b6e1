"""What compare.py and healing.py have in common: observations read from a file, and the lines of the table about them."""

import tomllib
from functools import cache
from pathlib import Path

HERE = Path(__file__).parent


@cache
def read(name: str) -> dict:
    """A file of observations beside this one."""
    with (HERE / name).open("rb") as file:
        return tomllib.load(file)


def in_unit(entry: dict) -> str:
    """The unit of an observation as it follows a number."""
    return "" if entry["unit"] == "1" else f" {entry['unit']}"


def measured_text(entry: dict) -> str:
    """The number or its bounds, and what the source says of the spread."""
    low, high = entry["measured"]
    unit = in_unit(entry)
    bounds = f"{low:g}{unit}" if low == high else f"{low:g}{unit} or more" if high == float("inf") else f"{low:g} to {high:g}{unit}"
    return f"{bounds}; {entry['spread']}"


def rows(entry: dict, found: list[tuple[str, str]]) -> list[str]:
    """Lines of a table: what was measured, in the first only, and name and further cells of each case."""
    heads = [f"| {entry['name']} | {measured_text(entry)} ", *["| | "] * (len(found) - 1)]
    return [f"{head}| {name} | {cells} |" for head, (name, cells) in zip(heads, found, strict=True)]


def how_set(entries: list[dict]) -> list[str]:
    return ["", "How the model was set:", "", *(f"- **{entry['name']}**: {entry['how']} Source: {entry['source']}." for entry in entries)]
