"""Asks the model what each input does, and sets the answer beside what predictions.toml said before.

python validation/responses/draw.py [--grid quick] writes the figures and README.md here and names every record in
predictions.toml that no longer holds (then it ends with 1). Some minutes on two cores with the quick grid.
"""

import argparse
import sys
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

import dermaflux as df
from dermaflux import _core
from dermaflux.result import OUTPUTS

HERE = Path(__file__).parent
GROUPS = ("machine", "needle", "ink", "skin")
# Wavelengths of a spectrum; a list of another length has one value per session.
BANDS = 7
LAYERS = ("viable_epidermis", "papillary_dermis", "reticular_dermis", "subcutis")

# Neighbouring settings share most of the error of the pressure solver: what is left of it between them is about a hundred-thousandth,
# and a smaller change is no answer.
SOLVER_NOISE = 1e-5
# A step below a hundredth of the whole change is a plateau, not a turn.
PLATEAU = 0.01


@dataclass(frozen=True)
class Response:
    """One entry of predictions.toml."""

    key: str
    values: list
    output: str
    sign: str
    why: str
    setting: dict
    obtained: str = ""
    note: str = ""

    @property
    def recorded(self) -> str:
        return self.obtained or self.sign

    @property
    def group(self) -> str:
        return "layers" if self.key.startswith("skin.layer.") else self.key.split(".")[0]

    def members(self, values: list) -> list[dict]:
        """What is changed in the plain treatment for each value."""
        return [self.setting | {self.key: value} for value in values]


def table() -> dict:
    with (HERE / "predictions.toml").open("rb") as file:
        return tomllib.load(file)


def responses() -> list[Response]:
    return [Response(**({"setting": {}} | entry)) for entry in table()["response"]]


def expected_keys() -> set[str]:
    """Every key that must have an entry; a layer's keys once for each layer that ink reaches."""
    plain = {row["key"] for row in _core.keys() if row["key"].split(".")[0] in GROUPS}
    layered = {key for key in plain if key.startswith("skin.layer.NAME.")}
    return (plain - layered) | {key.replace("NAME", layer) for key in layered for layer in LAYERS}


def direction(values: list[float]) -> str:
    """How a series goes from its first to its last value: +, -, peak, dip, mixed, none, or fails where an output is missing."""
    series = np.asarray(values, dtype=float)
    if not np.isfinite(series).all():
        return "fails"
    span = np.ptp(series)
    noise = SOLVER_NOISE * np.abs(series).max()
    if span <= noise:
        return "none"
    ways = ["+" if step > 0.0 else "-" for step in np.diff(series) if abs(step) > max(PLATEAU * span, noise)]
    turns = [way for n, way in enumerate(ways) if n == 0 or way != ways[n - 1]]
    return {("+",): "+", ("-",): "-", ("+", "-"): "peak", ("-", "+"): "dip"}.get(tuple(turns), "mixed")


def answers(asked: list[tuple[Response, list]], grid: str) -> tuple[list[list[float]], list[str]]:
    """The outputs of responses at some of their values, NaN where a run failed, and why those failed.

    Settings that coincide are run once."""
    base = df.load(df.configs() / "treatments" / table()["treatment"])
    wanted: dict[str, dict] = {}
    for response, values in asked:
        for changes in response.members(values):
            wanted.setdefault(repr(sorted(changes.items())), changes)
    ran = df.run_batch([base.with_(changes) for changes in wanted.values()], grid=grid)
    found = dict(zip(wanted, ran, strict=True))
    failures = [f"{name}: {result.message}" for name, result in found.items() if isinstance(result, df.MemberError)]

    def output(changes: dict, name: str) -> float:
        result = found[repr(sorted(changes.items()))]
        return float("nan") if isinstance(result, df.MemberError) else result[0][name]

    return [[output(changes, response.output) for changes in response.members(values)] for response, values in asked], failures


@cache
def unit_of(key: str) -> str:
    name = ".".join([*key.split(".")[:2], "NAME", key.split(".")[-1]]) if key.startswith("skin.layer.") else key
    return next((row["unit"] for row in _core.keys() if row["key"] == name), "")


def with_unit(text: str, unit: str) -> str:
    return f"{text} [{unit}]" if unit else text


def short(value: object) -> str:
    if isinstance(value, list) and len(value) == BANDS:  # a spectrum, by its value where the eye sees most
        return f"{value[3]:g} at 550 nm"
    if isinstance(value, list):  # one value per session
        return f"[{', '.join(map(short, value))}]"
    return f"{value:g}" if isinstance(value, (int, float)) and not isinstance(value, bool) else str(value)


def draw(shown: list[tuple[Response, list[float]]]) -> Figure:
    """Small multiples; red where the model does not do what was said."""
    columns = 5
    rows = -(-len(shown) // columns)
    figure, axes = plt.subplots(rows, columns, figsize=(3.0 * columns, 2.1 * rows), layout="constrained", squeeze=False)
    for ax in axes.flat[len(shown) :]:
        ax.set_visible(False)
    for ax, (response, outputs) in zip(axes.flat, shown, strict=False):
        agrees = direction(outputs) == response.sign
        x = [value[3] if isinstance(value, list) else value for value in response.values]
        words = any(isinstance(value, (str, bool)) for value in x)
        ax.plot(range(len(x)) if words else x, outputs, "o-", ms=3, lw=1.2, color="#0072b2" if agrees else "#d55e00")
        if words:
            ax.set_xticks(range(len(x)), [str(value).replace("_", "\n") for value in x], fontsize=5)
            ax.set_xlim(-0.5, len(x) - 0.5)
        elif min(x) > 0.0 and max(x) > 15.0 * min(x):
            ax.set_xscale("log")
        name = response.key.removeprefix("skin.layer.").removeprefix(response.group + ".")
        ax.set_xlabel(with_unit(name, unit_of(response.key)), fontsize=6)
        ax.set_ylabel(with_unit(response.output.replace("_", " "), OUTPUTS[response.output]["unit"]), fontsize=6)
        said = response.sign if agrees else f"said {response.sign}, is {direction(outputs)}"
        ax.set_title(said, fontsize=7, loc="right", color="black" if agrees else "#d55e00")
        ax.tick_params(labelsize=6)
        ax.yaxis.get_offset_text().set_fontsize(6)
    return figure


def row(response: Response, outputs: list[float]) -> str:
    now = direction(outputs)
    setting = ", ".join(f"{key} = {short(value)}" for key, value in response.setting.items())
    values = ", ".join(map(short, response.values)) + (f" ({setting})" if setting else "")
    found = ", ".join(f"{value:.4g}" for value in outputs)
    sign = now if now == response.sign else f"**{now}**"
    why = response.why + (f". *{response.note}*" if response.note else "")
    unit, output_unit = unit_of(response.key), OUTPUTS[response.output]["unit"]
    names = f"{with_unit(response.key, unit)} | {values} | {with_unit(response.output, output_unit)}"
    return f"| {names} | {found} | {response.sign} | {sign} | {why} |"


def report(shown: list[tuple[Response, list[float]]], grid: str) -> str:
    differ = sum(direction(outputs) != response.sign for response, outputs in shown)
    lines = [
        "# What each input does",
        "",
        "Written by `python validation/responses/draw.py`; do not edit. The inputs of machine, needle, ink, skin and of a depletion of",
        "macrophages, one by one, over the range that `configs/` gives them, everything else as in the normal treatment. The sign and its reason stand in",
        "[predictions.toml](predictions.toml) and were written before the model was asked; where the model does otherwise the",
        "prediction stays, the sign obtained is bold, and a note says why. `tests/python/test_responses.py` holds the model to it.",
        "",
        f"Grid {grid}, dermaflux {_core.version}: {len(shown)} responses of {len({response.key for response, _ in shown})} inputs, "
        f"{len(shown) - differ} as predicted, {differ} not.",
        "",
        "`+` rises, `-` falls, `peak` rises and then falls, `dip` falls and then rises, `none` stays, `fails` gives no result.",
    ]
    for group in dict.fromkeys(response.group for response, _ in shown):
        lines += ["", f"## {group.capitalize()}", "", f"![{group}]({group}.png)", ""]
        lines += ["| input | values | output | found | said | is | why |", "| --- | --- | --- | --- | --- | --- | --- |"]
        lines += [row(response, outputs) for response, outputs in shown if response.group == group]
    for entry in table().get("no_response", []):
        lines += ["", f"Not asked: `{entry['key']}`, because {entry['why']}."]
    return "\n".join(lines) + "\n"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--grid", default="quick", choices=("quick", "standard", "fine"))
    grid = parser.parse_args().grid
    entries = responses()
    found, failures = answers([(entry, entry.values) for entry in entries], grid)
    shown = list(zip(entries, found, strict=True))
    for group in dict.fromkeys(response.group for response, _ in shown):
        figure = draw([pair for pair in shown if pair[0].group == group])
        figure.savefig(HERE / f"{group}.png", dpi=75)
        plt.close(figure)
    (HERE / "README.md").write_text(report(shown, grid))
    for failure in failures:
        print(f"failed: {failure}")
    stale = [(response, outputs) for response, outputs in shown if direction(outputs) != response.recorded]
    for response, outputs in stale:
        found = ", ".join(f"{value:.7g}" for value in outputs)
        said = f"said {response.sign}, recorded {response.recorded}, is {direction(outputs)}"
        print(f"{response.key}, {response.output}: {said} ({found})")
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
