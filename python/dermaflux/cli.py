"""Command line: info, run, resume, sweep, study, corrections, sensitivity, fit, calibrate, preset, report, render, match, photons, histology, validate.

Exit codes: 0 done, 1 the program failed, 2 bad input, 3 a sweep or an analysis with failed members, 4 a preset was refused, 130 interrupted.
"""

import io
import json
import math
import shlex
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from . import _core, configs, fit_command, look_commands, study_commands, validate_command
from .commands import Backend, Quick, Refine, Set, Threads, changes_of, fail, guarded
from .histology_commands import histology_app
from .preset_commands import preset_app
from .sweep_commands import sweep_app
from .tables import print_table

if TYPE_CHECKING:
    from .result import Result

app = typer.Typer(
    help="Skin pigment physics: from a needle and a skin to a device preset.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
app.add_typer(preset_app, name="preset")
app.add_typer(sweep_app, name="sweep")
app.add_typer(histology_app, name="histology")

Json = Annotated[bool, typer.Option("--json", help="print all scalar outputs as one flat JSON object")]
CheckpointFile = Annotated[Path | None, typer.Option("--checkpoint", help="where the state goes; beside the output unless given")]
Every = Annotated[int | None, typer.Option("--every", help="in a box: write the state on the way, after so many strokes of all dots (10 with --checkpoint) and each moment")]
StopAfter = Annotated[float | None, typer.Option("--stop-after-day", help="stop when healing reaches this day; the state is saved beside the output")]


def _load(path: Path, assignments: list[str] | None):
    from .treatment import Treatment

    return Treatment(_core.TreatmentDocument.load(path, changes_of(assignments)))


def _command_line() -> str:
    return "dermaflux " + shlex.join(sys.argv[1:])


@app.command()
@guarded
def info(
    keys: Annotated[bool, typer.Option("--keys", help="list every key of the input")] = False,
    outputs: Annotated[bool, typer.Option("--outputs", help="list every scalar output")] = False,
) -> None:
    """Versions, backends, configurations; or all keys, or all outputs."""
    if keys:
        table = Table("key", "unit", "from", "to", "meaning")
        for row in _core.keys():
            limits = (" | ".join(row["words"]), "") if row["words"] else (f"{row['low']:g}", f"{row['high']:g}")
            table.add_row(row["key"], row["unit"], *limits, row["meaning"])
        print_table(table)
    if outputs:
        table = Table("output", "unit", "meaning")
        for row in _core.outputs():
            table.add_row(row["name"], row["unit"], row["meaning"])
        print_table(table)
    if keys or outputs:
        return
    print(f"dermaflux {_core.version} ({_core.git or 'no commit'}), {_core.compiler}, HDF5 {_core.hdf5_version}, CUDA compiler {_core.cuda_version or 'none'}")
    for row in _core.backends():
        print(f"  {row['name']:<7} {'ready' if row['available'] else 'not here'}: {row['detail']}")
    print(f"limits of the model (bits of warning_mask): {', '.join(_core.validity_names())}")
    print(f"configurations: {configs()}")


@app.command()
@guarded
def run(
    treatment: Annotated[Path, typer.Argument(help="treatment file, e.g. configs/treatments/normal_scalp.toml")],
    output: Annotated[Path | None, typer.Option("-o", "--output", help="write fields and results as HDF5")] = None,
    assignments: Set = None,
    backend: Backend = "auto",
    grid: Annotated[str, typer.Option("--grid", help="quick, standard, fine, finest, or auto: as fine as the tolerance needs")] = "standard",
    grid_tolerance: Annotated[float, typer.Option("--grid-tolerance", help="relative error of dose and depth that auto aims at")] = 0.02,
    horizon_year: Annotated[float, typer.Option("--horizon-year", help="last time looked at, 1 to 30")] = 5.0,
    photons: Annotated[int | None, typer.Option("--photons", help="look at a box from above by so many photons per wavelength and medium, 3e5 or more")] = None,
    as_json: Json = False,
    stop_after_day: StopAfter = None,
    checkpoint: CheckpointFile = None,
    every: Every = None,
    threads: Threads = 0,
) -> None:
    """One treatment: strokes, healing, years of fading, and what the eye sees.

    Stopped by Ctrl-C or --stop-after-day, it leaves its state beside the output, as NAME.state.h5, or where --checkpoint says;
    `dermaflux resume` goes on from there. A run in a box writes it with --every on the way, too, so that a killed one can go on."""
    from . import running
    from .writing import check_output

    loaded = _load(treatment, assignments)
    if output is not None:
        check_output(output)
    elif stop_after_day is not None:
        raise _core.InputError("--stop-after-day needs an output, beside which the state is saved; give -o run.h5")
    elif checkpoint is not None:
        raise _core.InputError("--checkpoint needs an output for the result; give -o run.h5")
    if photons is not None and loaded["geometry.kind"] != "box":
        raise _core.InputError(f"--photons {photons}: maps the surface of a box, and this dot is round; run it with -o, then use dermaflux photons")
    _core.set_threads(threads)
    if checkpoint is not None and every is None and loaded["geometry.kind"] == "box":
        every = 10

    def work(state: Path | None) -> "Result":
        return running.run(
            loaded, backend=backend, grid=grid, grid_tolerance=grid_tolerance, horizon_year=horizon_year, progress=True, state=state,
            stop_after_day=stop_after_day, every=every,
        )  # fmt: skip

    result = _stoppable(work, output, checkpoint)
    if result is not None:
        if photons is not None:
            result.look_from_above(photons=photons, backend=backend, progress=True)
        _show(result, output, as_json, grid_tolerance)


@app.command()
@guarded
def resume(
    state: Annotated[Path, typer.Argument(help="state that a stopped run left, e.g. run.state.h5")],
    output: Annotated[Path, typer.Option("-o", "--output", help="write fields and results as HDF5")],
    backend: Backend = "auto",
    as_json: Json = False,
    stop_after_day: StopAfter = None,
    checkpoint: CheckpointFile = None,
    every: Every = None,
    threads: Threads = 0,
) -> None:
    """The rest of a run that was stopped, with the same bits as if it had not been."""
    from . import running
    from .writing import check_output

    check_output(output)
    _core.set_threads(threads)

    def work(kept: Path | None) -> "Result":
        return running.resume(state, backend=backend, progress=True, state=kept, stop_after_day=stop_after_day, every=every)

    result = _stoppable(work, output, checkpoint)
    if result is not None:
        _show(result, output, as_json)


def _stoppable(work: "Callable[[Path | None], Result]", output: Path | None, checkpoint: Path | None = None) -> "Result | None":
    """What a run gave, or None where it was to stop; says where its state lies."""
    from .stopping import Stopped

    state = checkpoint or (output and output.with_name(output.stem + ".state.h5"))
    before = _stamp(state)
    try:
        return work(state)
    except Stopped as stopped:
        print(f"{stopped}; go on with: dermaflux resume {shlex.quote(str(stopped.state))} -o {shlex.quote(str(output))}")
        return None
    except KeyboardInterrupt:
        if _stamp(state) == before:
            fail("stopped during the first contact, where there is nothing to save" if state else "stopped; nothing was to be kept", 130)
        fail(f"stopped; go on with: dermaflux resume {shlex.quote(str(state))} -o {shlex.quote(str(output))}", 130)


def _stamp(path: Path | None) -> tuple[int, int] | None:
    """Changes when a file is replaced."""
    if path is None or not path.exists():
        return None
    seen = path.stat()
    return seen.st_ino, seen.st_mtime_ns


def _show(result: "Result", output: Path | None, as_json: bool, grid_tolerance: float = math.inf) -> None:
    """Writes and prints what a run gave."""
    from .result import json_number

    if output is not None:
        result.save(output, _command_line())
    if as_json:
        print(json.dumps({name: json_number(value) for name, value in result.scalars.items()}))
        return
    print(result.summary())
    if result.camera is not None:
        from . import camera, photon_transport

        for seen in camera.kept(result.to_xarray()):
            print(photon_transport.summary(seen.sel(wavelength=[550.0])))
    if result["grid_error"] > grid_tolerance:
        print(f"warning: the finest grid leaves an error of about {100 * result['grid_error']:.1f} %, more than --grid-tolerance")
    for name, text in result.warnings:
        print(f"warning: {name}: {text}")
    for reason in result.treatment.contraindications:
        print(f"warning: {reason}; no preset would be issued")
    if output is not None:
        print(f"written: {output}")


@app.command()
@guarded
def sensitivity(
    treatment: Annotated[Path, typer.Argument(help="treatment file, e.g. configs/treatments/normal_scalp.toml")],
    output: Annotated[Path | None, typer.Option("-o", "--output", help="output file (HDF5), its picture beside it; TREATMENT.sensitivity.h5 otherwise")] = None,
    samples: Annotated[int, typer.Option("--samples", help="base points, a power of two; each costs one run per parameter and two more")] = 64,
    parameters: Annotated[list[str] | None, typer.Option("--parameters", help="keys to vary, with commas or repeated; the weakest inputs otherwise")] = None,
    assignments: Set = None,
    backend: Backend = "auto",
    grid: Annotated[str, typer.Option("--grid", help="quick, standard, fine or finest")] = "quick",
    threads: Annotated[int, typer.Option("--threads", "--workers", help="host threads, 0 for all cores")] = 0,
) -> None:
    """How much of the spread of contrast, width and retention each uncertain input causes (Sobol indices); resumes after a kill."""
    from . import sensitivity_command

    loaded = _load(treatment, assignments)
    target = output or Path(f"{treatment.stem}.sensitivity.h5")
    keys = [key.strip() for text in parameters or [] for key in text.split(",") if key.strip()]
    _core.set_threads(threads)
    failed = sensitivity_command.run(loaded, target, keys, samples, grid, backend)
    if failed:
        fail(failed, 3)


@app.command()
@guarded
def calibrate(
    file: Annotated[Path, typer.Argument(help="calibration file, e.g. configs/calibrations/scalp.toml")],
    output: Annotated[Path, typer.Option("-o", "--output", help="folder for the preset and the report")],
    skin_class: Annotated[str, typer.Option("--class", help="tissue class")] = "normal",
    quick: Quick = False,
    refine: Refine = False,
    posterior: Annotated[Path | None, typer.Option("--posterior", help="fit whose posterior takes the place of priors (`dermaflux fit -o`)")] = None,
    also: Annotated[list[str] | None, typer.Option("--also", help="search this setting, too: --also machine.frequency_hz=80,100,120 (repeatable)")] = None,
    sobol: Annotated[int, typer.Option("--sobol", help="base points for total Sobol indices at the best setting, a power of two; 0: from the draws")] = 0,
    corrections: Annotated[Path | None, typer.Option("--corrections", help="file of factors for tilt and prongs that outputs are multiplied by, instead of the file's")] = None,
    assignments: Set = None,
    backend: Backend = "auto",
    threads: Threads = 0,
) -> None:
    """Ideal depth and dwell time under uncertainty: a device preset and a report."""
    from . import calibration
    from .combinations import value_text
    from .optimum import located
    from .report import calibration_report
    from .writing import check_output

    if output.exists() and not output.is_dir():
        raise _core.FileError(f"{output}: is not a folder; give a folder for the preset and the report")
    check_output((output if output.is_dir() else output.absolute().parent) / "x")
    _core.set_threads(threads)
    result = calibration.calibrate_texts(
        file, skin_class, changes_of(assignments), quick=quick, further=refine, posterior=posterior, also=changes_of(also, "--also"), sobol=sobol,
        corrections=corrections, backend=backend, progress=True,
    )  # fmt: skip
    preset, report = calibration.save_calibration(result, output, calibration_report(result, backend))
    share = result.preset["probability"]
    print(f"best: depth {result.best['depth_mm']:g} mm, dwell {result.best['dwell_ms']:g} ms; right with probability {share['right']:.2f} +- {share['standard_error']:.2f}")
    for one in result.searched:
        print(f"{one['key']}: {value_text(one['chosen'])}, of {', '.join(map(value_text, one['tried']))}")
    if result.location is not None:
        print(located(result.location))
    print(result.effort)
    for side in result.on_edge:
        print(f"warning: the optimum lies on the edge of the searched box: {side}")
    if result.failed:
        print(f"warning: {result.failed} members failed and count as not right")
    print(f"written: {preset}\nwritten: {report}")


@app.command()
@guarded
def report(
    file: Annotated[Path, typer.Argument(help="run file written by `dermaflux run -o`")],
    output: Annotated[Path | None, typer.Option("-o", "--output", help="HTML file; the run file's name otherwise")] = None,
    counterpart: Annotated[str | None, typer.Option("--counterpart", help="class of skin to set beside it; fut_linear or normal otherwise")] = None,
    alone: Annotated[bool, typer.Option("--no-counterpart", help="no second class of skin")] = False,
    backend: Backend = "auto",
) -> None:
    """One HTML page of a run: the dot over ten years beside another class of skin, section, profile, fading, fate, ledger, input."""
    from .counterpart import counterpart_class
    from .report import run_report
    from .runfile import open_run, resolved_input
    from .writing import check_output, write_text

    target = check_output(output or file.with_suffix(".html"))
    if alone and counterpart is not None:
        raise _core.InputError(f"--counterpart {counterpart} and --no-counterpart contradict each other; give one of them")
    data = open_run(file)
    other = None if alone else counterpart_class(resolved_input(data), counterpart, configs())
    print(f"written: {write_text(target, run_report(data, other=other, backend=backend, progress=True))}")


@app.command()
@guarded
def photons(
    file: Annotated[Path, typer.Argument(help="run file written by `dermaflux run -o`")],
    day: Annotated[float, typer.Option("--day", help="time after the first session; one of the looks of the run")],
    output: Annotated[Path | None, typer.Option("-o", "--output", help="write what was found as HDF5")] = None,
    wavelengths: Annotated[list[float] | None, typer.Option("-w", "--wavelength", help="nm, one of the bands (repeatable); 550 otherwise")] = None,
    number: Annotated[int | None, typer.Option("--photons", help="per wavelength and medium")] = None,
    error: Annotated[float | None, typer.Option("--error", help="standard error of the contrast asked for; 0.01 if no number is given")] = None,
    seed: Annotated[int, typer.Option("--seed", min=0, help="of the random numbers")] = 1,
    as_json: Json = False,
    backend: Backend = "auto",
    threads: Threads = 0,
) -> None:
    """Contrast, width and reflectance of a dot by Monte Carlo photon transport, with standard errors."""
    from . import photon_transport as transport
    from .writing import check_output

    if output is not None:
        check_output(output)
    _core.set_threads(threads)
    found = transport.photons(
        file, day, wavelengths_nm=wavelengths or (550.0,), photons=number, error=error, seed=seed, backend=backend, progress=True
    )
    if output is not None:
        transport.save(found, output, _command_line())
    print(transport.as_json(found) if as_json else transport.summary(found))
    if output is not None and not as_json:
        print(f"written: {output}")


look_commands.add_to(app)
fit_command.add_to(app)
study_commands.add_to(app)
validate_command.add_to(app)


@app.callback(invoke_without_command=True)
def _version(version: Annotated[bool, typer.Option("--version", help="print the version")] = False) -> None:
    if version:
        print(f"dermaflux {_core.version} ({_core.git or 'no commit'})")
        raise typer.Exit


def main() -> None:
    """Entry point of the command."""
    for stream in (sys.stdout, sys.stderr):  # a terminal without a letter shows a question mark, not a traceback
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    app()
