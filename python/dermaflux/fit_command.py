"""The command that fits uncertain keys to measurements."""

from pathlib import Path
from typing import Annotated

import typer

from . import _core
from .commands import Backend, Set, Threads, changes_of, fail, guarded


def add_to(app: typer.Typer) -> None:
    """Adds the command to the application."""
    app.command()(guarded(fit))


def fit(
    file: Annotated[Path, typer.Argument(help="fit file, e.g. configs/fits/example.toml")],
    output: Annotated[Path, typer.Option("-o", "--output", help="posterior (HDF5); its report beside it as HTML")],
    assignments: Set = None,
    backend: Backend = "auto",
    threads: Threads = 0,
) -> None:
    """What measurements say of uncertain inputs: posterior by ensemble MCMC, with a report; resumes after a kill."""
    from . import fit_plots, fitting
    from .report import fit_report
    from .writing import check_output, write_text

    report = check_output(check_output(output).with_suffix(".html"))
    if report == output:
        raise _core.InputError(f"{output}: is the name of the report; give a name that ends with .h5")
    plan = fitting.plan_fit_of_texts(file, changes_of(assignments))
    _core.set_threads(threads)
    found = fitting.fit(plan, output, backend=backend, progress=True)
    write_text(report, fit_report(found))
    for one in fit_plots.inferred(found).values():
        low, middle, high = one.quantile([0.05, 0.5, 0.95]).values
        print(f"{one.attrs['key']}: {middle:.3g} ({low:.3g} to {high:.3g}) {one.attrs['units']}, {one.attrs['width_over_prior']:.2f} of the prior's width")
    print(found.attrs["convergence"])
    if found.attrs["warnings"] != "none":
        for text in found.attrs["warnings"].split("\n"):
            print(f"warning: {text}")
    print(f"written: {output}\nwritten: {report}")
    if found.attrs["failed_members"]:
        fail(f"{found.attrs['failed_members']} of {found.sizes['run']} runs failed and are left out", 3)
