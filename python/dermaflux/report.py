"""Reports: one HTML file each, pictures inside, no network."""

import base64
import io
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING, Any

import matplotlib.pyplot as plt
import numpy as np
import xarray as xr
from matplotlib.figure import Figure

from . import _core, appearance, counterpart, fit_plots, plots, setting_map
from .calibration import Calibration
from .camera import kept
from .colour import srgb
from .combinations import CHANCE, value_text
from .corrections import corrections_line
from .criteria import keeps
from .influence import strongest
from .looks import look
from .optimum import located
from .runfile import layers_at_axis, resolved_input
from .running import run
from .session_plan import plan_lines

if TYPE_CHECKING:
    from .preset_set import SetMember

_STYLE = """
body{font:15px/1.5 system-ui,sans-serif;color:#222;max-width:64rem;margin:2rem auto;padding:0 1rem}
h1{font-size:1.5rem}h2{font-size:1.15rem;margin-top:2rem;border-bottom:1px solid #ddd}
table{border-collapse:collapse;margin:.6rem 0}td,th{padding:.15rem .7rem;border-bottom:1px solid #eee;text-align:left;vertical-align:top}
td.n{text-align:right;font-variant-numeric:tabular-nums}img{max-width:100%;height:auto}
.warning{background:#fff4d6;border-left:4px solid #e69f00;padding:.4rem .8rem;margin:.5rem 0}
.note{color:#666;font-size:.85rem}code{background:#f4f4f4;padding:0 .2rem}
.big{font-size:1.25rem;font-weight:600}section{overflow-x:auto}p{overflow-wrap:anywhere}
"""
# The browser itself loads nothing, whatever a page says: pictures, style and script are inside it.
_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'unsafe-inline'"



def _picture(figure: Figure, alt: str) -> str:
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=130)
    plt.close(figure)
    return f'<img alt="{escape(alt)}" src="data:image/png;base64,{base64.b64encode(buffer.getvalue()).decode()}">'


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A table of HTML; numbers with four digits, a dash where there is none."""
    def cell(value: object) -> str:
        if not isinstance(value, float):
            return f"<td>{escape(str(value))}</td>"
        return f'<td class="n">{value:.4g}</td>' if math.isfinite(value) else '<td class="n">&ndash;</td>'

    lines = "".join("<tr>" + "".join(map(cell, row)) + "</tr>" for row in rows)
    return "<section><table><tr>" + "".join(f"<th>{escape(name)}</th>" for name in head) + f"</tr>{lines}</table></section>"


def page(title: str, body: str) -> str:
    """A whole page that loads nothing."""
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        f"<title>{escape(title)}</title><style>{_STYLE}{setting_map.STYLE}</style></head><body><h1>{escape(title)}</h1>{body}"
        f'<p class="note">dermaflux {escape(_core.version)} ({escape(_core.git)}). Research use; not validated for treatment.</p></body></html>\n'
    )


def _warnings(messages: Iterable[str]) -> str:
    return "".join(f'<p class="warning">{escape(message)}</p>' for message in messages)


def _ledger_table(run_data: xr.Dataset) -> str:
    terms = {name.removeprefix("ledger_"): value for name, value in run_data.attrs.items() if name.startswith("ledger_")}
    drawn = terms.pop("drawn_ng")
    rows = [(name.removesuffix("_ng").replace("_", " "), float(value), f"{100 * value / drawn if drawn else 0:.2f} %") for name, value in terms.items()]
    total = math.fsum(terms.values())
    rows += [("sum", total, f"{100 * total / drawn if drawn else 0:.2f} %"), ("drawn in", float(drawn), "100 %")]
    return table(("where the pigment is at the end", "ng", "share"), rows) + (
        f'<p class="note">The ledger is booked at every step; it closes to {float(run_data["ledger_imbalance"]):.1e} of the pigment drawn.</p>'
    )


def _strip(rows: Sequence[tuple[str, xr.Dataset]]) -> str:
    """The dot at every look; a run file of an earlier version holds none."""
    if not all("reflectance" in run for _, run in rows):
        return _warnings(["this file holds no look per ring (an earlier version wrote it); run the treatment again to see the dot over the years"])
    return (
        f"<h2>The dot over the years</h2>{_picture(appearance.looks(rows), 'the dot at every look')}"
        '<p class="note">Colour under D65 light in which a perfect white is white, from the reflectance in seven bands; below each look its '
        "contrast at 550 nm. The skin around the dot shows the erythema of the first days.</p>"
    )


def _strip_beside(data: xr.Dataset, resolved: Mapping[str, Mapping[str, Any]], other: str | None, backend: str, progress: bool) -> str:
    """The dot of a run beside its counterpart in another class of skin, or alone where there is none."""
    own = _class_name(str(resolved["skin.class"]["value"]))
    if other is None:
        return _strip([(own, data)])
    try:
        mine, scar = counterpart.beside(data, resolved, other, backend=backend, progress=progress)
    except (_core.InputError, _core.NumericsError) as error:
        return _warnings([f"no counterpart in {other} skin: {error}"]) + _strip([(own, data)])
    rows = [(own, mine), (_class_name(other), scar)]
    return _strip(rows if other != "normal" else rows[::-1]) + (
        f'<p class="note">Both rows: the settings of this run, to the tenth year; only the class of the skin differs. The row of {escape(other)} '
        "skin was computed for this report.</p>"
    )


def _class_name(name: str) -> str:
    return name.replace("_", "\n").replace("fue", "FUE").replace("fut", "FUT")


_OF_A_BOX = (
    "This run is in a box, with every prong where it stands; the looks above, their contrast and width are those of its mean over rings about the middle, "
    "which shows a dot of several prongs as a ring. The pictures below are of the tissue itself; lines are the paths of the prongs."
)


def _camera(seen: Sequence[xr.Dataset]) -> str:
    """What a camera sees of a box, where a run was looked at so."""
    if not seen:
        return ""
    figure = _picture(plots.camera(seen), "the dot as a camera sees it, and its contrast at 550 nm")
    return f'<h2>As a camera sees it</h2>{figure}<p class="note">By photon transport in the tissue itself; lines mark half of the contrast.</p>'


def _pictures_of_run(data: xr.Dataset, layers: dict[str, float], strip: Callable[[], str]) -> str:
    if float(data["pigment_deposited_ng"]) <= 0.0:
        return _warnings(["the needle did not break the skin at this setting, so there is no pigment to show"])
    if "tracks" in data:
        picture = _picture(plots.box(data, layers), "pigment from the side and from above")
        section = f'<p class="note">{_OF_A_BOX}</p>{_camera(kept(data))}<h2>From the side and from above</h2>{picture}'
    else:
        section = f"<h2>Section through the dot</h2>{_picture(plots.section(data, layers), 'pigment in a section')}"
    return (
        strip()
        + section
        + f"<h2>Depth</h2>{_picture(plots.profile(data, layers), 'pigment against depth')}"
        f"<h2>Fading</h2>{_picture(plots.fading(data), 'contrast and retained pigment over time')}"
        f"<h2>Fate of the pigment</h2>{_picture(plots.fate(data), 'pools and losses over time')}"
        f"<h2>Strokes</h2>{_picture(plots.insertion(data), 'tip depth, force and ink')}"
    )


def run_report(data: xr.Dataset, *, other: str | None = None, backend: str = "auto", progress: bool = False) -> str:
    """HTML of one run, from :func:`dermaflux.open_run`.

    Parameters
    ----------
    other: class of skin in which the treatment is run once more, to set the two dots side by side; none if not given.
    backend, progress: of that run.

    Raises
    ------
    NumericsError: pools and losses in the file do not sum to what was delivered.
    """
    resolved = resolved_input(data)
    layers = layers_at_axis(resolved)
    scalars = [name for name in data.data_vars if data[name].ndim == 0 and data[name].dtype.kind == "f"]
    rows = [(name, float(data[name]), data[name].attrs.get("long_name", "")) for name in sorted(scalars)]
    settings = [(key, row["value"], row.get("unit", ""), row["source"]) for key, row in resolved.items()]
    facts = [(name.removeprefix("provenance_"), value) for name, value in data.attrs.items() if name.startswith("provenance_")]
    passed = str(data.attrs.get("warnings", "none"))
    body = (
        _warnings([] if passed == "none" else passed.split("\n"))
        + _pictures_of_run(data, layers, lambda: _strip_beside(data, resolved, other, backend, progress))
        + f"<h2>Mass ledger</h2>{_ledger_table(data)}"
        + f"<h2>Outputs</h2>{table(('output', 'value', 'meaning'), rows)}"
        + f"<h2>Input</h2><details><summary>{len(settings)} values with sources</summary>{table(('key', 'value', 'unit', 'source'), settings)}</details>"
        + f"<h2>Provenance</h2>{table(('fact', 'value'), facts)}"
    )
    return page(str(data.attrs["title"]), body)


def skin_colour(data: xr.Dataset) -> tuple[float, float, float]:
    """Colour of a run's skin after a year on a screen, 0 to 1."""
    red, green, blue = srgb(np.asarray(look(data, 365.25).skin))
    return float(red), float(green), float(blue)


def calibration_report(c: Calibration, backend: str = "auto") -> str:
    """HTML of a calibration: what to set, how sure that is, what limits it, and the dot it makes in the skin of the class."""
    file, preset = c.file, c.preset
    chosen = c.treatment.with_({"machine.depth_mm": c.best["depth_mm"], "machine.dwell_ms": c.best["dwell_ms"]})
    data = run(chosen, backend=backend, grid="standard").to_xarray()
    share = preset["probability"]
    messages = list(preset["warnings"])
    if c.failed:
        messages.append(f"{c.failed} members failed and count as not right")
    if c.posterior is None:
        messages.append("all uncertain parameters stand on prior ranges: no clinical data have been fitted yet")
    expected = [
        (name, row["p05"], row["p50"], row["p95"], "" if row["unit"] == "1" else row["unit"]) for name, row in preset["expected"].items()
    ]
    weighted = any(rule.weight is not None for rule in file.criteria)
    rules = [
        (
            rule.name, rule.output, _limits(rule), *(("" if rule.weight is None else rule.weight,) if weighted else ()), f"{100 * float(keeps(c.decided[rule.output], rule).mean()):.0f} %",
            rule.reason, rule.source,
        )
        for rule in file.criteria
    ]
    adaptation = [
        (row["measured"], row["min"], row["max"], row["settings"]["depth_mm"], row["settings"]["dwell_ms"], f"{100 * row['probability']:.0f} % of {row['draws']}")
        for row in preset["adaptation"]
    ]
    cells = preset.get("settings_table")
    tolerance = preset["tolerance"]
    body = (
        _warnings(messages)
        + f'<p class="big">Set depth {c.best["depth_mm"]:.3g} mm, dwell {c.best["dwell_ms"]:.0f} ms '
        + f"at {float(c.treatment['machine.frequency_hz']):.0f} Hz{escape(_others(c))}</p>"
        + f"<p>The dot is right with probability {share['right']:.2f} &plusmn; {share['standard_error']:.2f} ({share['draws']} draws of the skin, "
        + f"standard grid). Tolerance: depth {tolerance['depth_mm']['min']:g} to {tolerance['depth_mm']['max']:g} mm, dwell "
        + f"{tolerance['dwell_ms']['min']:g} to {tolerance['dwell_ms']['max']:g} ms keep at least {100 * file.accepted_share:.0f} % of that.</p>"
        + (f"<p>{escape(located(c.location))}, searched on the {escape(file.grid)} grid.</p>" if c.location else "")
        + (_combinations(c) if c.combinations else "")
        + f"<h2>Depth and dwell</h2>{_picture(plots.probability_map(c.probability, c.rules, c.best, c.tolerance, c.location), 'probability map')}"
        + '<p class="note">Percent of draws for which the dot keeps all rules; each line is where one rule is kept by half of them; the dashed box is '
        + f"the tolerance, the cross where the best setting falls if the draws are resampled. Search on the {escape(file.grid)} grid.</p>"
        + "<p>Point at a setting, or reach it with the tab key: its figures over the draws (median, five to ninety-five percent), and its median dot "
        + "after a year.</p>"
        + setting_map.setting_map(c, skin_colour(data))
        + f"<p>{int(c.contenders.sum()) - 1} other settings are as good within the Monte Carlo error of {file.draws} paired draws (one side, 95 %).</p>"
        + f"<h2>What more contrast costs</h2>{_picture(plots.trade_off(c.outputs, c.best), 'trade-off')}"
        + '<p class="note">Each point is a setting of the search, means over the draws; the line joins those that no other is better than in both.</p>'
        + f"<h2>When a dot is right</h2>{table(('rule', 'output', 'limits', *(('weight',) if weighted else ()), 'kept at the optimum', 'why', 'source'), rules)}"
        + '<p class="note">A dot is right if it keeps all rules without a weight; a right dot is worth 1 less the weight of each other rule that it '
        + "breaks.</p>"
        + f"<h2>What to expect</h2>{table(('output', '5 %', 'median', '95 %', 'unit'), expected)}"
        + (f"<h2>Adapting on the spot</h2>{table(('measured', 'from', 'to', 'depth_mm', 'dwell_ms', 'right'), adaptation)}" if adaptation else "")
        + (_settings_table(cells) if cells else "")
        + f"<h2>Sessions</h2>{''.join(f'<p>{escape(line)}</p>' for line in plan_lines(preset.get('sessions')))}"
        + f"<h2>What the outcome hangs on</h2>{_picture(plots.sensitivity_bars(c.sensitivity, 'contrast after a year'), 'sensitivity')}"
        + (_influence(c.sobol) if c.sobol is not None else "")
        + (_knowing(c) if c.knowing else "")
        + "<p>The pictures below show the dot at the optimum in the skin of the class as its file gives it.</p>"
        + _pictures_of_run(data, c.treatment.layers, lambda: _strip([(_class_name(file.skin_class), data)]))
        + f"<h2>Mass ledger</h2>{_ledger_table(data)}"
        + f"<h2>Provenance</h2><p>{escape(str(c.effort))}. {escape(_gap(c))}</p>"
        + (f"<p>{escape(corrected)}</p>" if (corrected := corrections_line(c.preset)) else "")
        + table(("fact", "value"), [*map(_fact, preset["provenance"].items()), ("sha256 of the preset", preset["sha256"])])
    )
    return page(f"{file.title}, {file.skin_class} scalp", body)


def fit_report(data: xr.Dataset) -> str:
    """HTML of a fit, from :func:`dermaflux.fitting.fit`: what the data say of each key, and whether the model explains them."""
    passed, width = str(data.attrs["warnings"]), "posterior over prior width"
    keys, low_high = [], ("5 %", "median", "95 %")
    for name, one in fit_plots.inferred(data).items():
        prior = np.quantile(data[f"prior_{name}"].values, [0.05, 0.5, 0.95])
        keys.append((one.attrs["key"], one.attrs["units"], *np.quantile(one.values, [0.05, 0.5, 0.95]).tolist(), *prior.tolist(), one.attrs["width_over_prior"]))
    seen = []
    for n, name in enumerate(data["observation"].values):
        at = data.isel(observation=n)
        errors = [float(at[error]) for error in ("measured_sd", "emulator_error", "interpolation_error")]
        again = np.quantile(at["predictive"].values, [0.05, 0.95]).tolist()
        seen.append((str(name), str(at["unit"].values), float(at["measured"]), *errors, *again, str(at["emulator_terms"].values), str(at["source"].values)))
    head = ("observation", "unit", "measured", "sd", "error of the emulator", "of interpolation", "5 % of the posterior", "95 %", "emulator", "source")
    facts = [(name, str(data.attrs[name])) for name in data.attrs if name.startswith("provenance_") or name in ("input_sha256", "input_files", "sweep_sha256", "grid", "seed")]
    body = (
        _warnings([] if passed == "none" else passed.split("\n"))
        + f"<h2>What the data say</h2>{table(('key', 'unit', *low_high, *(f'prior {one}' for one in low_high), width), keys)}"
        + f"<p>{escape(str(data.attrs['convergence']))}; {data.sizes['sample']} samples; {data.sizes['run']} runs of the engine, "
        + f"{data.attrs['failed_members']} failed, grid {escape(str(data.attrs['grid']))}.</p>"
        + f"<h2>Keys together</h2>{_picture(fit_plots.corner(data), 'corner plot of the posterior')}"
        + '<p class="note">Grey: prior. Lines hold half and nine tenths of the samples.</p>'
        + f"<h2>Does the model explain the data?</h2>{_picture(fit_plots.predictive_check(data), 'data against the posterior predictive')}"
        + '<p class="note">Bars: nine in ten of what would be measured again (blue, posterior) or what the engine gave before (grey, prior, without errors), less what was '
        + "measured, in standard deviations of the measurement; a point is the median.</p>"
        + table(head, seen)
        + f"<h2>Provenance</h2>{table(('fact', 'value'), facts)}"
    )  # fmt: skip
    return page(str(data.attrs["title"]), body)


def set_report(members: Iterable["SetMember"]) -> str:
    """HTML overview of a set of presets, each with a link to its report in the same folder."""
    head = ("class", "needle", "ink", "depth [mm]", "dwell [ms]", "right", "stands on", "warnings, or why there is none")
    rows = []
    for one in members:
        link = f'<a href="{escape(one.name)}.html">{escape(one.skin_class)}</a>' if one.file else escape(one.skin_class)
        numbers = (f"{one.depth_mm:g}", f"{one.dwell_ms:g}", f"{one.right:.2f} &plusmn; {one.standard_error:.2f}") if one.file else ("", "", "")
        stands = escape(one.posterior.split(" ")[0]) or "priors"
        cells = (link, escape(one.needle), escape(one.ink), *numbers, stands, escape(one.why or "; ".join(one.warnings)))
        rows.append("<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>")
    return page("Presets", "<section><table><tr>" + "".join(f"<th>{name}</th>" for name in head) + f"</tr>{''.join(rows)}</table></section>")


def _combinations(c: Calibration) -> str:
    """What each combination of the further settings reached."""
    keys = list(c.combinations[c.chosen].values)
    rows = []
    for n, one in enumerate(c.combinations):
        behind = "chosen" if n == c.chosen else f"{one.behind:.2f} \u00b1 {one.behind_error:.2f}"
        decided = "dropped" if one.decided is None else f"{one.decided:.2f}"
        reached = f"{one.worth:.2f} \u00b1 {one.error:.2f}"
        rows.append((*map(value_text, one.values.values()), one.best["depth_mm"], one.best["dwell_ms"], reached, one.draws, behind, decided))
    text = (
        f"Search on the {c.file.grid} grid; the map below is that of the chosen combination. One was dropped, if need be before all draws were run, "
        "when paired draws showed another setting to be better; the best setting of all is dropped with a probability of "
        f"{CHANCE:g} at most. The best of many settings looks better than it is: what counts is the difference in the same draws, and the standard "
        "grid, which decided among what was left."
    )
    head = (*keys, "depth_mm", "dwell_ms", "right", "draws", "behind the chosen", "on the standard grid")
    return (
        f"<h2>Beside depth and dwell time</h2>{_picture(plots.combination_bars(c.combinations, c.chosen), 'best of each combination')}"
        f'{table(head, rows)}<p class="note">{escape(text)}</p>'
    )


def _others(c: Calibration) -> str:
    """The other settings that were chosen, after the frequency."""
    rows = [(str(row["key"]), value_text(row["chosen"])) for row in c.searched if row["key"] != "machine.frequency_hz"]
    return "".join(f", {key.replace('.', ' ').replace('_', ' ')} {value}" for key, value in rows)


def _influence(found: xr.Dataset) -> str:
    """Sobol indices at the best setting."""
    text = f"{found.attrs['draws']} runs, {found.attrs['design']}; bars are 95 % intervals."
    if "total" not in found:
        text += (
            " Alone: share of the variance that would go if the key were known, as far as a smooth curve tells. Few draws know it to a tenth or two; "
            "`--sobol 64` runs what tells more, and how keys act together."
        )
    return f"<h3>Shares of the variance</h3>{_picture(plots.sobol_bars(strongest(found)), 'Sobol indices')}<p class=\"note\">{escape(text)}</p>"


def _gap(c: Calibration) -> str:
    """How far the two grids agree at the best setting."""
    if c.file.grid == "standard":
        return ""
    gap, error = c.grid_gap
    return f"At the best setting the standard grid differs from the {c.file.grid} grid by {gap:+.3f} +- {error:.3f} in the worth of the dot, same draws."


def _knowing(c: Calibration) -> str:
    """Which measurements would help, the most first; those that luck explains are left out."""
    rows = [(" or ".join(one.keys), f"{100 * one.gain:+.0f} %", f"{100 * one.chance:.0f} %") for one in c.knowing if one.chance <= 0.1 and one.gain > 0.0]
    text = (
        "How much more often the dot would be right if this were measured before the setting is chosen (above or below its middle), less what halves "
        f"drawn by lot gain; and how often such halves gain as much. {c.file.draws} draws; one row in ten of {len(c.knowing)} would stand here by luck. "
        "Keys joined by 'or' have the same halves of these draws, which cannot tell which of them it is."
    )
    found = table(("key", "gain", "by luck"), rows) if rows else "<p>No single key: of each, halves drawn by lot gain as much in more than one case of ten.</p>"
    return f"<h2>What would be worth measuring</h2>{found}<p class=\"note\">{escape(text)}</p>"


def _settings_table(answers: dict) -> str:
    """Depth and dwell time by measured thickness and force."""
    columns, rows = answers["force_n"], []
    for n, thickness in enumerate(answers["thickness_um"]):
        row = answers["cells"][n * len(columns) : (n + 1) * len(columns)]
        rows.append((thickness, *(one.get("none") or f"{one['depth_mm']:.3f} mm, {one['dwell_ms']:.0f} ms" for one in row)))
    text = f"Same result, {answers['same']}, by thickness of {answers['thickness_of']} and {answers['force_at']}."
    return f"<h2>Settings by measured skin</h2><p>{escape(text)}</p>" + table(("um", *(f"{force:.3f} N" for force in columns)), rows)


def _fact(fact: tuple[str, Any]) -> tuple[str, object]:
    """A fact of the provenance; a list as one text."""
    name, value = fact
    return name, ", ".join(one if isinstance(one, str) else " ".join(one.values()) for one in value) if isinstance(value, list) else value


def _limits(rule: _core.Criterion) -> str:
    if math.isfinite(rule.low) and math.isfinite(rule.high):
        return f"{rule.low:g} to {rule.high:g}"
    return f"at most {rule.high:g}" if math.isfinite(rule.high) else f"at least {rule.low:g}"
