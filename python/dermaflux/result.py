"""What a run gave: scalars, series, fields, ledger; as a dataset, a file, a few lines."""

import datetime
import math
import os
from collections.abc import Sequence
from html import escape
from pathlib import Path

import numpy as np
import xarray as xr

from . import _core, provenance
from .named import Named
from .treatment import Treatment
from .writing import check_output, complete_or_absent

POOLS = ("free", "matrix", "macrophage", "slow", "epidermal")
INSERTION_FIELDS = ("suspended", "captured", "carrier", "fluid", "pressure")
OUTPUTS = {row["name"]: row for row in _core.outputs()}

_CONTROL_NUMBERS = {
    "washburn_number": ("W", "Washburn: contact and recoil over filling time; under-filled below 0.5"),
    "capillary_number": ("Ca", "capillary: viscous over capillary force on the film"),
    "reynolds_number": ("Re", "Reynolds: inertial over viscous force of the ink in the track"),
    "bond_number": ("Bo", "Bond: weight over capillary force of the ink column"),
    "poroelastic_time_s": ("t_pe", "poroelastic: pore pressure spreads over the depth of the tip"),
    "backflow_length_mm": ("x_m", "Morrison: ink flows this far back along the needle; it escapes where this is more than the depth"),
}


class Result(Named[float]):
    """What one run gave: scalars by name, series over time, fields, ledger.

    A mapping of the scalar outputs (`dermaflux info --outputs`), so `result["contrast_1y"]` is a number. Arrays are views of
    the memory of the run (no copy, read-only) and stay valid as long as they are held. Not safe for two threads at once.
    """

    _unknown = "is no output; `dermaflux info --outputs` lists them"

    def __init__(self, treatment: Treatment, run: _core.Run, started: datetime.datetime):
        self.treatment = treatment
        self.grid = run.grid
        self.started = started
        self._run = run
        self._entries: dict[str, float] = run.scalars
        self._camera: xr.Dataset | None = None

    @property
    def scalars(self) -> dict[str, float]:
        """All scalar outputs, in the unit of their name; NaN where the run did not reach the time."""
        return dict(self._entries)

    @property
    def warnings(self) -> list[tuple[str, str]]:
        """Limits of the model that the setting passes: name, and text with value, limit, reason and what to do; and `trace_cut`
        where the trace of the insertion found no room for every time step. Empty if there are none; the result is there all the
        same."""
        return self._run.warnings

    @property
    def sessions(self) -> dict[str, np.ndarray]:
        """What each session did, shape (session,) each: session_day, session_d_tip_mm, session_strokes, session_drawn_ng,
        session_deposited_ng, and the contrast of the dot just before and right after it."""
        return self._run.sessions

    @property
    def backend(self) -> str:
        return self._run.backend

    @property
    def backend_reason(self) -> str:
        """Why the run took its backend: where that is and what decided."""
        return self._run.backend_reason

    @property
    def ledger(self) -> dict[str, float]:
        """Terms of the mass ledger at the end [ng]; `drawn_ng` equals the sum of all others."""
        return self._run.ledger

    @property
    def effort(self) -> dict[str, int]:
        """Time steps, iterations and substeps the run took."""
        return self._run.effort

    @property
    def r_m(self) -> np.ndarray:
        """Ring centres, shape (n_r,) [m]."""
        return 0.5 * (self._run.r_face[1:] + self._run.r_face[:-1])

    @property
    def z_m(self) -> np.ndarray:
        """Row centres below the surface, shape (n_z,) [m]."""
        return 0.5 * (self._run.z_face[1:] + self._run.z_face[:-1])

    @property
    def pools(self) -> np.ndarray:
        """Pigment per tissue volume, shape (time, pool, n_r, n_z) [kg/m^3]; pools as in `dermaflux.result.POOLS`. No copy."""
        return self._run.pools

    @property
    def insertion(self) -> np.ndarray:
        """Fields of one track after the relaxation of the first session, shape (5, n_r, n_z): suspended, captured [kg/m^3],
        carrier, fluid [-], pressure [Pa]. No copy."""
        return self._run.insertion

    @property
    def box(self) -> dict[str, np.ndarray] | None:
        """Of a run with geometry.kind = "box" the fields in space, None otherwise: x_face, y_face, z_face [m]; pools, shape (time, pool,
        n_x, n_y, n_z) [kg/m^3]; insertion, shape (5, n_x, n_y, n_z), as `insertion`; permeability_ratio, and with ridges of the junction
        epidermis_share, shape (n_x, n_y, n_z) [-]; tracks, shape (prong, 7): dot, then where each prong enters and its deepest point [m]. `pools`, `insertion` and the look are then means over rings about the
        middle of the box. No copy."""
        return self._run.box

    def look_from_above(
        self, days: Sequence[float] | None = None, *, photons: int | None = None, seed: int = 1, backend: str = "auto", progress: bool = False
    ) -> xr.Dataset:
        """Looks at a run in a box as a camera does, by photon transport in all bands, and keeps that in `camera`, `to_xarray` and `save`.

        Parameters
        ----------
        days: looks of the run; day 14 and the fifth year, or the last, if not given [day].
        photons, seed, backend, progress: as of :func:`dermaflux.camera.surface`.

        Returns
        -------
        What is kept: the variables of :func:`dermaflux.camera.surface` over camera_day, wavelength, camera_y and camera_x.

        Raises
        ------
        InputError, NumericsError: as there.
        """
        from . import camera

        wanted = camera.days_within(float(self._run.series["time_day"][-1])) if days is None else list(days)
        if not wanted:
            raise _core.InputError("days: none is given (nothing would be seen); give at least one")
        bands = _core.wavelengths_nm()
        looks = [camera.surface(self, day, wavelengths_nm=bands, photons=photons, seed=seed, backend=backend, progress=progress) for day in wanted]
        self._camera = camera.stacked(looks)
        return self._camera

    @property
    def camera(self) -> xr.Dataset | None:
        """What :meth:`look_from_above` has seen, None before."""
        return self._camera

    def to_xarray(self) -> xr.Dataset:
        """All results with coordinates, units and meanings.

        Returns
        -------
        Dataset with dimensions time [days], session, z, r [m] and trace_time [s]; the fields of the pools share the run's memory.
        """
        run = self._run
        series, trace = run.series, run.trace
        data: dict[str, xr.DataArray] = {}
        for n, pool in enumerate(POOLS):
            data[f"pigment_{pool}"] = _array(("time", "r", "z"), run.pools[:, n], "kg m-3", f"{pool} pigment per tissue volume")
        for n, name in enumerate(INSERTION_FIELDS):
            unit = ("kg m-3", "kg m-3", "1", "1", "Pa")[n]
            data[f"insertion_{name}"] = _array(("r", "z"), run.insertion[n], unit, f"{name} of one track after relaxation")
        coordinates: dict[str, object] = {}
        if (box := run.box) is not None:
            for n, pool in enumerate(POOLS):
                data[f"box_pigment_{pool}"] = _array(("time", "x", "y", "z"), box["pools"][:, n], "kg m-3", f"{pool} pigment per tissue volume")
            for n, name in enumerate(INSERTION_FIELDS):
                unit = ("kg m-3", "kg m-3", "1", "1", "Pa")[n]
                data[f"box_{name}"] = _array(("x", "y", "z"), box["insertion"][n], unit, f"{name} after the last track has closed")
            data["box_permeability_ratio"] = _array(("x", "y", "z"), box["permeability_ratio"], "1", "permeability over that of plain skin there")
            if "epidermis_share" in box:
                data["box_epidermis_share"] = _array(("x", "y", "z"), box["epidermis_share"], "1", "share of epidermis in the cell")
            data["tracks"] = _array(("track", "place"), box["tracks"], "m", "per prong: dot, x, y, z of its entry, x, y, z of its deepest point")
            for axis in ("x", "y"):
                faces = box[f"{axis}_face"]
                data[f"{axis}_face"] = _array((f"{axis}_edge",), faces, "m", f"faces along {axis}")
                coordinates[axis] = (axis, 0.5 * (faces[1:] + faces[:-1]), {"units": "m", "long_name": "along the surface from the middle of the box"})
        for name, values in series.items():
            if name != "time_day":
                data[name] = _array(("time",), values, _unit_of(name), name.replace("_", " "))
        for name, values in run.sessions.items():
            data[name] = _array(("session",), values, "days" if name == "session_day" else _unit_of(name), name.replace("_", " "))
        for name, values in trace.items():
            if name != "trace_time":
                data[name] = _array(("trace_time",), values, _unit_of(name), name.replace("_", " "))
        for name, value in self._entries.items():
            data[name] = _array((), value, OUTPUTS[name]["unit"] or "1", OUTPUTS[name]["meaning"])
        seen = np.stack([run.view(n) for n in range(len(series["time_day"]))])
        data["reflectance"] = _array(("time", "wavelength", "view_r"), seen[:, :, :-1], "1", "diffuse reflectance seen along the normal")
        data["reflectance_skin"] = _array(("time", "wavelength"), seen[:, :, -1], "1", "diffuse reflectance of skin without a dot")
        data["epidermis_share"] = _array(("z",), run.epidermis_share, "1", "share of epidermis in the row")
        data["r_face"] = _array(("r_edge",), run.r_face, "m", "ring faces")
        data["z_face"] = _array(("z_edge",), run.z_face, "m", "row faces")
        coordinates |= {
            "time": ("time", series["time_day"], {"units": "days", "long_name": "time after the first session"}),
            "session": ("session", np.arange(1.0, len(run.sessions["session_day"]) + 1.0), {"units": "1", "long_name": "number of the session"}),
            "r": ("r", self.r_m, {"units": "m", "long_name": "distance from the axis"}),
            "z": ("z", self.z_m, {"units": "m", "long_name": "depth below the undeformed surface"}),
            "wavelength": ("wavelength", _core.wavelengths_nm(), {"units": "nm", "long_name": "band of the look"}),
            "view_r": ("view_r", run.view_r, {"units": "m", "long_name": "distance from the axis at which the dot is looked at"}),
            "trace_time": ("trace_time", trace["trace_time"], {"units": "s", "long_name": "time since the first stroke began"}),
        }
        warnings = "\n".join(f"{name}: {text}" for name, text in self.warnings) or "none"
        attributes = {"title": self.treatment.title, "backend": self.backend, "grid": self.grid, "warnings": warnings}
        dataset = xr.Dataset(data, coords=coordinates, attrs=attributes | {f"ledger_{k}": v for k, v in self.ledger.items()})
        return dataset if self._camera is None else dataset.assign(self._camera)

    def save(self, path: str | os.PathLike[str], command_line: str = "") -> Path:
        """Writes the run as HDF5; opens in xarray, h5py and ParaView.

        Raises
        ------
        FileError: the file cannot be written; nothing is left under its name.
        """
        path = check_output(path)
        resolved = self.treatment.resolved()
        facts = provenance.program() | {
            "backend": self.backend,
            "grid": self.grid,
            "started_utc": self.started.isoformat(timespec="seconds"),
            "runtime_s": f"{self._entries['runtime_s']:.3f}",
            "input_sha256": provenance.input_sha256(resolved),
            "input_files": provenance.file_hashes(self.treatment._document.files),
            "command_line": command_line or "Python",
            "effort": str(self.effort),
        }
        if self._camera is None:
            self._run.write(path, self.treatment.title, self.treatment._document.json(), facts)
            return path
        from . import camera

        with complete_or_absent(path) as part:
            self._run.write(part, self.treatment.title, self.treatment._document.json(), facts)
            camera.write(self._camera, part)
        return path

    def summary(self) -> str:
        """The outcome in a few lines."""
        s = self._entries
        error = "" if math.isnan(s["grid_error"]) else f" (error about {100 * s['grid_error']:.1f} %)"
        return (
            f"{self.treatment.title}: tip {s['d_tip_mm']:.3f} mm deep, {s['strokes']:.0f} strokes, {s['insertion_force_n']:.2f} N\n"
            f"deposited {s['pigment_deposited_ng']:.1f} ng ({s['ink_retained_nl']:.2f} nL of ink), {100 * s['share_epidermis']:.0f} % of it in "
            f"the epidermis\n"
            f"depth {s['pigment_depth_mm']:.3f} mm ({s['pigment_depth_p10_mm']:.3f} to {s['pigment_depth_p90_mm']:.3f}) after healing, "
            f"{100 * s['retained_fraction_day42']:.0f} % retained at day 42, {100 * s['retained_fraction_1y']:.0f} % after a year\n"
            f"contrast {s['contrast_day14']:.2f} at day 14, {s['contrast_1y']:.2f} after a year; width {s['fwhm_mm_1y']:.3f} mm; "
            f"Delta E {s['delta_e_day14']:.1f}; bleeds with {100 * s['bleed_probability']:.0f} %\n"
            f"force at the deepest point: cutting {s['force_cutting_n']:.3f}, wedging {s['force_wedging_n']:.3f}, friction "
            f"{s['force_friction_n']:.3f} N; the skin breaks at {s['break_force_n']:.3f} N\n"
            f"ledger closes to {s['ledger_imbalance']:.1e}; {s['runtime_s']:.2f} s, grid {self.grid}{error}\n"
            f"on {self.backend} ({self.backend_reason})\n"
            f"{self._control_numbers()}{self._session_table()}"
        )

    def _session_table(self) -> str:
        """A section of the summary where there is more than one session."""
        s = self.sessions
        count = len(s["session_day"])
        if count < 2:
            return ""
        lines = ["\nSessions      day   tip mm  strokes    drawn ng     left ng   contrast before, after"]
        for n in range(count):
            lines.append(
                f"  {n + 1:<5}{s['session_day'][n]:>10g}{s['session_d_tip_mm'][n]:>9.3f}{s['session_strokes'][n]:>9.0f}"
                f"{s['session_drawn_ng'][n]:>12.1f}{s['session_deposited_ng'][n]:>12.1f}"
                f"{s['session_contrast_before'][n]:>12.2f}{s['session_contrast_after'][n]:>8.2f}"
            )
        return "\n".join(lines)

    def _control_numbers(self) -> str:
        """A section of the summary; a dash where the skin did not break."""
        lines = ["Control numbers"]
        for name, (symbol, meaning) in _CONTROL_NUMBERS.items():
            value, unit = self._entries[name], OUTPUTS[name]["unit"]
            text = f"{value:.3g} {unit}".strip() if math.isfinite(value) else "-"
            lines.append(f"  {symbol:<5}{text:<12}{meaning}")
        return "\n".join(lines)

    def __repr__(self) -> str:
        return f"<Result of {self.treatment!r}: {self['pigment_deposited_ng']:.1f} ng, contrast {self['contrast_1y']:.2f} after a year>"

    def _repr_html_(self) -> str:
        return f"<pre>{escape(self.summary())}</pre>"


def _unit_of(name: str) -> str:
    for ending, unit in (("_ng", "ng"), ("_mm", "mm"), ("_nl", "nL"), ("_kpa", "kPa"), ("_n", "N")):
        if name.endswith(ending):
            return unit
    return "1"


def _array(dims: tuple[str, ...], values: object, unit: str, meaning: str) -> xr.DataArray:
    return xr.DataArray(values, dims=dims, attrs={"units": unit, "long_name": meaning})


def json_number(value: float) -> float | None:
    """A number for JSON: null where there is none."""
    return value if math.isfinite(value) else None
