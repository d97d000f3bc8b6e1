"""The card of a preset: one page of HTML or PDF for who holds the machine."""

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
from matplotlib.figure import Figure

from . import _core
from .corrections import corrections_line
from .optimum import located, of_preset
from .session_plan import plan_lines
from .writing import check_output, complete_or_absent

_A4 = (8.27, 11.69)  # [inch]
_MARGIN, _LINE = 0.055, 0.0163  # of the height; of a line at full size
_WIDE = 128  # characters of a line of running text
_UNITS = {"mm": "mm", "ms": "ms", "hz": "Hz", "deg": "deg", "n": "N"}


@dataclass(frozen=True)
class Section:
    """A table of the card, or running text where there is no head."""

    title: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def card_sections(preset: dict[str, Any]) -> list[Section]:
    """What a checked preset says, warnings first."""
    said = preset["warnings"] or ["none"]
    sections = [
        Section("Warnings", (), tuple((text,) for text in said)),
        Section("Not with", (), ((", ".join(preset["intended_use"]["contraindications"]),),)),
        Section("Set", ("", "value", "tolerance", "never outside"), tuple(_setting(preset, name, value) for name, value in preset["settings"].items())),
        Section("With", (), ((f"machine {preset['machine']['model']}, needle {preset['needle']['model']} ({preset['needle']['prongs']} prong"
                              f"{'' if preset['needle']['prongs'] == 1 else 's'}), ink {preset['ink']['model']} at dilution {preset['ink']['dilution']:g}",),)),
        Section("Expect", ("", "median", "5 to 95 %", "unit"), tuple(
            (name.replace("_", " "), f"{row['p50']:.3g}", f"{row['p05']:.3g} to {row['p95']:.3g}", "" if row["unit"] == "1" else row["unit"])
            for name, row in preset["expected"].items()
        )),
    ]  # fmt: skip
    if cells := preset.get("settings_table"):
        width = len(cells["force_n"])
        rows = tuple(
            (f"{thickness:g} um", *(one.get("none", "")[:40] or f"{one['depth_mm']:.3g} mm, {one['dwell_ms']:.0f} ms" for one in cells["cells"][n * width : (n + 1) * width]))
            for n, thickness in enumerate(cells["thickness_um"])
        )
        sections.append(Section("By measured skin", (cells["thickness_of"], *(f"{force:.3g} N" for force in cells["force_n"])), rows))
    if "location" in preset:
        sections.append(Section("How well the best setting is known", (), ((located(of_preset(preset["location"])),),)))
    if corrected := corrections_line(preset):
        sections.append(Section("Corrected for tilt and prongs", (), ((corrected,),)))
    if searched := preset.get("searched"):
        rows = tuple((one["key"], str(one["chosen"]), ", ".join(map(str, one["tried"]))) for one in searched)
        sections.append(Section("Searched, too", ("", "chosen", "of"), rows))
    sections.append(Section("Sessions", (), tuple((line,) for line in plan_lines(preset.get("sessions")))))
    alarms = tuple(
        (one["name"], one["quantity"], *(f"{one[level]:g} {'' if one['unit'] == '1' else one['unit']}".strip() if level in one else "" for level in ("warn", "stop")), one["action"])
        for one in preset["alarms"]
    )
    return [*sections, Section("Alarms", ("", "quantity", "warn", "stop", "action"), alarms)]


def _setting(preset: dict[str, Any], name: str, value: float) -> tuple[str, ...]:
    label, _, unit = name.rpartition("_")

    def ends(part: str) -> str:
        limit = preset[part].get(name)
        return f"{limit['min']:g} to {limit['max']:g}" if limit else ""

    return label.replace("_", " "), f"{value:g} {_UNITS[unit]}", ends("tolerance"), ends("envelope")


def _lines(preset: dict[str, Any]) -> tuple[str, str, str, str]:
    """Title, what it is, what to set, where it comes from."""
    about, settings, share = preset["preset"], preset["settings"], preset["probability"]
    return (
        about["title"],
        f"{about['id']} {about['version']}, {about['status']}" + (f", until {about['expires']}" if "expires" in about else ""),
        f"depth {settings['depth_mm']:.3g} mm, dwell {settings['dwell_ms']:g} ms at {settings['frequency_hz']:g} Hz; "
        f"right with probability {share['right']:.2f} +- {share['standard_error']:.2f}",
        f"{preset['intended_use']['text']} {preset['provenance']['program']}, {preset['provenance']['priors']}. SHA-256 {preset['sha256']}",
    )


def card_html(preset: dict[str, Any]) -> str:
    """The card as one HTML file that loads nothing."""
    from .report import page, table

    title, about, setting, source = _lines(preset)
    body = f"<p>{escape(about)}</p><p class=\"big\">{escape(setting)}</p>"
    for one in card_sections(preset):
        text = "".join(f"<p>{escape(row[0])}</p>" for row in one.rows) if not one.head else table(one.head, one.rows)
        body += f"<h2>{escape(one.title)}</h2>{text}"
    return page(title, body + f'<p class="note">{escape(source)}</p>')


def card_figure(preset: dict[str, Any]) -> Figure:
    """The card as a page of A4; what is long is set smaller until it fits."""
    title, about, setting, source = _lines(preset)
    lines: list[tuple[float, str, tuple[str, ...]]] = [(1.9, "title", (title,)), (1.3, "plain", (about,)), (2.2, "big", (setting,))]
    for one in card_sections(preset):
        lines.append((1.9, "heading", (one.title,)))
        if one.head:
            lines.append((1.1, "head", one.head))
            lines += [(1.0, "row", row) for row in one.rows]
        else:
            lines += [(1.0, "plain", (part,)) for row in one.rows for part in textwrap.wrap(row[0], _WIDE)]
    lines += [(1.6 if n == 0 else 0.9, "note", (part,)) for n, part in enumerate(textwrap.wrap(source, int(1.25 * _WIDE)))]
    scale = min(1.0, (1.0 - 2.0 * _MARGIN) / (_LINE * sum(height for height, *_ in lines)))
    figure = plt.figure(figsize=_A4)
    level = 1.0 - _MARGIN
    styles: dict[str, dict[str, object]] = {
        "title": {"fontsize": 13, "weight": "bold"}, "big": {"fontsize": 11.5, "weight": "bold"}, "heading": {"fontsize": 9, "weight": "bold"},
        "head": {"fontsize": 7, "color": "#555555"}, "row": {"fontsize": 7.5}, "plain": {"fontsize": 7.5}, "note": {"fontsize": 6, "color": "#555555"},
    }  # fmt: skip
    for height, kind, cells in lines:
        level -= height * _LINE * scale
        style = styles[kind] | {"fontsize": float(str(styles[kind]["fontsize"])) * scale}
        for place, cell in zip(_columns(len(cells)), cells, strict=True):
            figure.text(place, level, cell, va="baseline", **style)
    return figure


def _columns(count: int) -> Sequence[float]:
    """Where the cells of a row begin."""
    if count == 5:  # alarms: their quantity and their action are long
        return 0.07, 0.24, 0.57, 0.65, 0.73
    return [0.07] + [0.30 + 0.65 / max(count - 1, 1) * n for n in range(count - 1)]


def save_card(preset: dict[str, Any], path: Path) -> Path:
    """Writes the card as HTML or PDF, by the end of the name; the same preset gives the same bytes.

    Raises
    ------
    FileError: another end, or a place where no file can be written.
    """
    kind = path.suffix.lower()
    if kind not in (".html", ".pdf"):
        raise _core.FileError(f"{path}: a card is a page of HTML or PDF; give a name that ends with .html or .pdf")
    check_output(path)
    with complete_or_absent(path) as part:
        if kind == ".html":
            part.write_text(card_html(preset), encoding="utf-8")
        else:
            figure = card_figure(preset)
            figure.savefig(part, format="pdf", metadata={"CreationDate": None})
            plt.close(figure)
    return path
