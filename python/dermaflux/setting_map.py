"""The map of a calibration that answers when a setting is pointed at: HTML with the script inside, no network."""

import json
from typing import TYPE_CHECKING

import matplotlib
import numpy as np
from matplotlib.colors import to_hex

from .result import OUTPUTS

if TYPE_CHECKING:
    from .calibration import Calibration

SHOWN = ("contrast_1y", "fwhm_mm_1y", "share_epidermis", "bleed_probability", "pigment_depth_mm", "d_tip_mm", "strokes", "pigment_deposited_ng")
_NAMES = {
    "contrast_1y": "contrast after a year", "fwhm_mm_1y": "width after a year", "share_epidermis": "share above the junction",
    "bleed_probability": "probability of bleeding", "pigment_depth_mm": "mean depth of the pigment", "d_tip_mm": "depth of the tip",
    "strokes": "strokes", "pigment_deposited_ng": "pigment laid down",
}  # fmt: skip
WIDTH_MM = 1.2  # of the dot's picture

STYLE = """
.map{display:flex;flex-wrap:wrap;gap:1rem;align-items:flex-start}.map table{border-collapse:separate;border-spacing:1px}
.map th{font-weight:400;font-size:.75rem;padding:.1rem .25rem;border:0;text-align:right}
.map td[data-n]{padding:0;border:0;width:2.1rem;height:1.6rem;text-align:center;vertical-align:middle;font-size:.75rem;cursor:pointer}
.map td[data-n]:focus,.map td.shown{outline:2px solid #d55e00;outline-offset:-1px}.map .table{overflow-x:auto;max-width:100%}
.map canvas{border:1px solid #ccc;width:180px;height:180px}.map dl{margin:.3rem 0;display:grid;grid-template-columns:auto auto;gap:0 .8rem;font-size:.85rem}
.map dd{margin:0;text-align:right;font-variant-numeric:tabular-nums}
"""

_SCRIPT = """
(() => {
  const all = JSON.parse(document.getElementById("settings").textContent);
  const canvas = document.getElementById("setting-dot"), list = document.getElementById("setting-figures");
  const title = document.getElementById("setting-title");
  const linear = (v) => (v <= 0.04045 ? v / 12.92 : Math.pow((v + 0.055) / 1.055, 2.4));
  const shown = (v) => 255 * (v <= 0.0031308 ? 12.92 * v : 1.055 * Math.pow(v, 1 / 2.4) - 0.055);
  const skin = all.skin.map(linear);
  const draw = (dot) => {
    const context = canvas.getContext("2d"), n = canvas.width, picture = context.createImageData(n, n);
    for (let y = 0; y < n; ++y)
      for (let x = 0; x < n; ++x) {
        const mm = (all.width_mm / n) * Math.hypot(x + 0.5 - n / 2, y + 0.5 - n / 2);
        const dark = dot ? dot.contrast * Math.pow(2, -Math.pow((2 * mm) / dot.fwhm_mm, 2)) : 0;
        for (let c = 0; c < 3; ++c) picture.data[4 * (y * n + x) + c] = shown(skin[c] * (1 - dark));
        picture.data[4 * (y * n + x) + 3] = 255;
      }
    context.putImageData(picture, 0, 0);
    const bar = (0.2 / all.width_mm) * n;
    context.fillStyle = "#fff";
    context.fillRect(8, n - 14, bar, 4);
    context.font = "11px sans-serif";
    context.fillText("0.2 mm", 8, n - 19);
  };
  const show = (cell) => {
    document.querySelectorAll(".map td.shown").forEach((one) => one.classList.remove("shown"));
    cell.classList.add("shown");
    const setting = all.settings[Number(cell.dataset.n)];
    title.textContent = setting.title;
    list.replaceChildren(
      ...setting.figures.flatMap(([name, value]) => {
        const term = document.createElement("dt"), figure = document.createElement("dd");
        term.textContent = name;
        figure.textContent = value;
        return [term, figure];
      }),
    );
    draw(setting.dot);
  };
  const cells = document.querySelectorAll(".map td[data-n]");
  cells.forEach((cell) => ["mouseenter", "focus", "click"].forEach((event) => cell.addEventListener(event, () => show(cell))));
  show(cells[all.best]);
})();
"""


def setting_map(c: "Calibration", skin_srgb: tuple[float, float, float]) -> str:
    """For each setting of the search the probability of a right dot; pointed at, clicked or reached with the tab key, the figures of
    the setting over the draws and its median dot: skin darkened by the contrast at 550 nm alike in all colours, a normal bell as
    wide as the dot.

    Parameters
    ----------
    skin_srgb: colour of the skin, 0 to 1.
    """
    depths, dwells = c.probability["depth_mm"].values, c.probability["dwell_ms"].values
    colours = matplotlib.colormaps["cividis"]
    rows, settings = [], []
    for i, depth in enumerate(depths):
        cells = []
        for j, dwell in enumerate(dwells):
            share = float(c.probability.values[i, j])
            ink = "#fff" if share < 0.55 else "#000"
            cells.append(f'<td data-n="{len(settings)}" tabindex="0" style="background:{to_hex(colours(share))};color:{ink}">{100 * share:.0f}</td>')
            settings.append(_setting(c, i, j, float(depth), float(dwell), share))
        rows.append(f"<tr><th>{depth:g} mm</th>{''.join(cells)}</tr>")
    head = "<tr><th></th>" + "".join(f"<th>{dwell:g} ms</th>" for dwell in dwells) + "</tr>"
    best = int(np.argmin(abs(depths - c.best["depth_mm"]))) * len(dwells) + int(np.argmin(abs(np.log(dwells / c.best["dwell_ms"]))))
    data = {"settings": settings, "skin": [round(float(v), 4) for v in skin_srgb], "width_mm": WIDTH_MM, "best": best}
    text = json.dumps(data, allow_nan=False).replace("<", "\\u003c")
    return (
        f'<div class="map"><div class="table"><table>{head}{"".join(rows)}</table></div><div><b id="setting-title"></b><br>'
        f'<canvas id="setting-dot" width="180" height="180" role="img" aria-label="the dot of this setting after a year"></canvas>'
        f'<dl id="setting-figures"></dl></div></div><noscript><p class="note">The figures of a setting need a script, which your browser does not run.</p></noscript>'
        f'<script type="application/json" id="settings">{text}</script><script>{_SCRIPT}</script>'
    )


def _setting(c: "Calibration", i: int, j: int, depth: float, dwell: float, share: float) -> dict[str, object]:
    """What is said of one setting."""
    at = c.outputs.isel(depth_mm=i, dwell_ms=j)
    figures = [["right", f"{100 * share:.0f} %"]]
    if any(rule.weight is not None for rule in c.file.criteria):
        figures.append(["worth, less weights", f"{100 * float(c.worth.values[i, j]):.0f} %"])
    figures += [[f"keeps {rule}", f"{100 * float(c.rules.values[n, i, j]):.0f} %"] for n, rule in enumerate(c.rules["criterion"].values)]
    medians: dict[str, float] = {}
    for name in SHOWN:
        values = at[name].values[np.isfinite(at[name].values)]
        if values.size:
            low, medians[name], high = (float(v) for v in np.quantile(values, (0.05, 0.5, 0.95)))
            unit = OUTPUTS[name]["unit"]
            figures.append([_NAMES[name], f"{medians[name]:.3g} ({low:.3g} to {high:.3g}){'' if unit in ('', '1') else ' ' + unit}"])
    contrast, width = medians.get("contrast_1y", 0.0), medians.get("fwhm_mm_1y", 0.0)
    dot = {"contrast": round(contrast, 4), "fwhm_mm": round(width, 4)} if contrast > 0.0 and width > 0.0 else None
    return {"title": f"{depth:g} mm, {dwell:g} ms", "figures": figures, "dot": dot}
