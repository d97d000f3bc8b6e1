"""Example of a driver module: one dot by a simulated machine, through the reader of the preset, in a loop of 1 kHz.

    python python/examples/driver.py quickstart-output/normal.preset.json -o trace.png
    python python/examples/driver.py PRESET --skin skin.fracture_toughness_kj_m2=5 --real-time    # other skin, on the clock
    python python/examples/driver.py PRESET --stop-at-ms 80                                       # somebody hits the emergency stop
    python python/examples/driver.py PRESET --days-since-last-session 4                           # too early: it does not move

The driver knows only the preset and what its sensors say (tip depth, force). The machine's skin is a treatment; its forces are
those of the model's puncture law. Research: phantoms only.
"""

import argparse
import math
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

import dermaflux as df
from dermaflux import _core

TICK_S = 1e-3
DRY_STROKES = 8  # of the test puncture, without ink: enough for ticks that drift along the stroke to meet its lowest point
LIMITS = {  # of this machine, whatever a preset says
    "depth_mm": (0.1, 1.5), "dwell_ms": (5.0, 600.0), "frequency_hz": (40.0, 160.0), "stroke_mm": (1.8, 4.0), "angle_deg": (0.0, 45.0),
    "hand_force_n": (0.05, 1.0),
}  # fmt: skip
KEYS = {name: f"machine.{name}" for name in LIMITS}


class SimulatedMachine:
    """A rotary pen over a skin: settings in; tip depth below the surface and needle force out, tick by tick."""

    def __init__(self, skin: df.Treatment):
        self.skin = skin

    def start(self, settings: dict[str, float]) -> None:
        """Takes settings and turns the crank to its top."""
        document = self.skin.with_({KEYS[name]: value for name, value in settings.items()})._document
        solved = _core.puncture(document)
        self.frequency_hz, self._stroke_mm, self._deepest_mm = solved["frequency_loaded_hz"], settings["stroke_mm"], solved["d_tip_mm"]
        ticks = np.arange(math.ceil(settings["dwell_ms"] * 1e-3 / TICK_S) + math.ceil(2.0 / self.frequency_hz / TICK_S)) * TICK_S
        self._tip_mm = self._deepest_mm - 0.5 * self._stroke_mm * (1.0 + np.cos(2.0 * np.pi * self.frequency_hz * ticks))
        self._force_n = np.array(_core.needle_forces(document, self._tip_mm))
        self._tick, self._stopping, self.out = -1, False, False

    def stop(self) -> None:
        """Emergency stop: the crank lifts the needle out of the skin, at most half a turn, and holds it there."""
        self._stopping = True

    def read(self) -> tuple[float, float]:
        """Tip depth [mm] and force on all prongs [N] at the next tick."""
        if not self.out:
            self._tick = min(self._tick + 1, len(self._tip_mm) - 1)
        tip, force = float(self._tip_mm[self._tick]), float(self._force_n[self._tick])
        self.out = self.out or (self._stopping and tip <= 0.0)
        return tip, force


@dataclass
class Trace:
    """What happened: a row per tick, and events with their time."""

    rows: list[tuple[float, float, float]] = field(default_factory=list)  # time [ms], tip [mm], force [N]
    events: list[tuple[float, str]] = field(default_factory=list)
    lateness_ms: float = 0.0  # worst delay of a tick against the clock

    def plot(self, path: Path) -> None:
        figure = Figure(figsize=(9, 5), layout="constrained")
        above, below = figure.subplots(2, 1, sharex=True)
        t, tip, force = np.array(self.rows).T
        above.plot(t, tip)
        above.axhline(0.0, color="0.6", lw=0.8)
        above.set(ylabel="tip below the skin [mm]")
        above.invert_yaxis()
        below.plot(t, force, color="C1")
        below.set(xlabel="time [ms]", ylabel="needle force [N]")
        for n, (when, what) in enumerate(self.events):
            for axes in (above, below):
                axes.axvline(when, color="C3", lw=0.8, ls="--")
            below.annotate(what, (when, 0.95 - 0.1 * (n % 5)), xycoords=("data", "axes fraction"), fontsize=7, backgroundcolor="w")
        figure.savefig(path, dpi=150)


class Driver:
    """Loads, measures, adapts, watches; stops where the reader refuses or judges so."""

    def __init__(self, reader: df.PresetReader, machine: SimulatedMachine, *, real_time: bool = False, hook: Callable[["Driver", float], None] | None = None):
        self.reader, self.machine, self.real_time, self.hook = reader, machine, real_time, hook
        self.trace, self.strokes, self.stopped = Trace(), 0, ""

    def emergency_stop(self, why: str) -> None:
        if not self.stopped:
            self.stopped = why
            self._note(f"stop: {why}")
        self.machine.stop()

    def dot(self, thickness_um: float, days_since_last_session: float = math.inf) -> str:
        """One dot; empty if it was finished, else why not."""
        if not self._may_treat(days_since_last_session):
            return self.stopped
        dry = self.reader.settings | {"dwell_ms": 1e3 * DRY_STROKES / self.reader.settings["frequency_hz"]}
        force = self._run(dry, None, "test puncture, dry")
        if self.stopped:
            return self.stopped
        self._note(f"measured {thickness_um:g} um, {force:.3f} N")
        try:
            settings, expected = self.reader.settings_for(thickness_um, force)
        except df.InputError as error:
            self.emergency_stop(str(error))
            return self.stopped
        verdict = self.reader.judge("bleed_probability", expected["bleed_probability"])
        if verdict != "fine":
            self._note(f"{verdict}: bleeding, probability {expected['bleed_probability']:.2f}")
        if verdict == "stop":
            self.emergency_stop("bleeding is likely")
            return self.stopped
        self._run(settings, expected, f"{settings['depth_mm']:.3f} mm, {settings['dwell_ms']:.0f} ms")
        return self.stopped

    def _may_treat(self, days: float) -> bool:
        """Asks the plan, and the alarm where the preset has none, before anything moves; infinitely many days: the first session."""
        try:
            plan = self.reader.sessions()
            least, most = plan["days_between"]
            self._note(f"plan: up to {plan['count'][1]} sessions, {least:g} to {most:g} days apart")
        except df.InputError as error:
            self._note(str(error))
        verdict = "fine" if days == math.inf else self.reader.judge("days since last session", days)
        if verdict == "stop":
            self.stopped = f"the last session was {days:g} days ago, too few"
            self._note(f"stop: {self.stopped}")
        elif verdict == "warn":
            self._note(f"warn: sooner than planned, {days:g} days after the last session")
        return verdict != "stop"

    def _run(self, settings: dict[str, float], expected: dict[str, float] | None, title: str) -> float:
        """Strokes with some settings, watched tick by tick; the largest force [N]."""
        if (refused := self.reader.allows(settings)) != "none":
            self.emergency_stop(f"settings refused: {refused}")
            return math.nan
        self.machine.start(settings)
        self._note(title)
        self.strokes, largest, inside, deepest, peak = 0, 0.0, False, 0.0, 0.0
        ends = self._now_ms() + settings["dwell_ms"]
        begun = time.perf_counter() - self._now_ms() * 1e-3
        while True:
            now = self._now_ms()
            if self.hook:
                self.hook(self, now)
            tip, force = self.machine.read()
            self.trace.rows.append((now, tip, force))
            largest = max(largest, force)
            if expected and not self.stopped:
                self._watch_tick(tip, force, expected)
            if tip > 0.0:
                inside, deepest, peak = True, max(deepest, tip), max(peak, force)
            elif inside:  # a stroke has ended
                self.strokes += 1
                if expected and not self.stopped:
                    self._watch_stroke(deepest, peak, expected)
                inside, deepest, peak = False, 0.0, 0.0
            if tip <= 0.0 and (self.machine.out or now >= ends):
                return largest
            if self.real_time:
                late = time.perf_counter() - begun - self._now_ms() * 1e-3
                if late < 0.0:
                    time.sleep(-late)
                self.trace.lateness_ms = max(self.trace.lateness_ms, 1e3 * late)

    def _watch_tick(self, tip: float, force: float, expected: dict[str, float]) -> None:
        """What cannot wait for the end of the stroke: too deep, too much force."""
        if tip > expected["d_tip_mm"] and self.reader.judge("d_tip_mm", tip) == "stop":
            self.emergency_stop(f"the tip is {tip:.2f} mm deep")
        ratio = force / expected["insertion_force_n"]
        if ratio > 1.0 and self.reader.judge("measured over expected insertion force", ratio) == "stop":
            self.emergency_stop(f"force {ratio:.1f} times what was expected; measure the thickness again")

    def _watch_stroke(self, deepest: float, peak: float, expected: dict[str, float]) -> None:
        ratio = peak / expected["insertion_force_n"]
        for quantity, value in (("strokes", self.strokes), ("d_tip_mm", deepest), ("measured over expected insertion force", ratio)):
            verdict = self.reader.judge(quantity, value)
            if verdict == "stop":
                self.emergency_stop(f"{quantity} = {value:.3g}")
            elif verdict == "warn" and self.strokes == 1:
                self._note(f"warn: {quantity} = {value:.3g}")

    def _now_ms(self) -> float:
        return 1e3 * TICK_S * len(self.trace.rows)

    def _note(self, what: str) -> None:
        self.trace.events.append((self._now_ms(), what))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("preset", type=Path)
    parser.add_argument("-o", "--output", type=Path, default=Path("trace.png"), help="picture of the trace")
    parser.add_argument("--treatment", type=Path, default=df.configs() / "treatments/normal_scalp.toml", help="skin under the machine")
    parser.add_argument("--skin", action="append", default=[], metavar="KEY=VALUE", help="what differs in it")
    parser.add_argument("--thickness-um", type=float, help="measured thickness of epidermis and papillary dermis; that of the skin otherwise")
    parser.add_argument("--days-since-last-session", type=float, default=math.inf, metavar="DAYS", help="left out: this is the first session")
    parser.add_argument("--stop-at-ms", type=float, default=math.inf, help="when somebody hits the emergency stop")
    parser.add_argument("--public-key", type=Path, help="verify the signature beside the preset")
    parser.add_argument("--real-time", action="store_true", help="one tick per millisecond of the clock")
    options = parser.parse_args()
    try:
        skin = df.load(options.treatment, {key: float(value) for key, _, value in (one.partition("=") for one in options.skin)})
        reader = df.PresetReader(options.preset, str(skin["machine.model"]), LIMITS, allow_research=True, public_key=options.public_key,
                                 allow_unsigned=options.public_key is None)  # fmt: skip
    except (df.InputError, df.FileError) as error:
        print(error, file=sys.stderr)
        return 2
    layers = ("viable_epidermis", "papillary_dermis")
    thickness = options.thickness_um or sum(float(skin[f"skin.layer.{layer}.thickness_um"]) for layer in layers)
    driver = Driver(reader, SimulatedMachine(skin), real_time=options.real_time,
                    hook=lambda one, now: one.emergency_stop("emergency stop") if now >= options.stop_at_ms else None)  # fmt: skip
    why = driver.dot(thickness, options.days_since_last_session)
    if driver.trace.rows:
        driver.trace.plot(options.output)
    for when, what in driver.trace.events:
        print(f"{when:6.0f} ms  {what}")
    if options.real_time:
        print(f"worst delay of a tick: {driver.trace.lateness_ms:.2f} ms")
    print(f"written: {options.output}" if driver.trace.rows else "it did not move")
    return 1 if why else 0


if __name__ == "__main__":
    sys.exit(main())
