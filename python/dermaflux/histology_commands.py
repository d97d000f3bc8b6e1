"""Commands on sections: extract, section, example."""

from pathlib import Path
from typing import Annotated

import typer

from . import _core
from .commands import guarded

_STAINS = "he, he-bleached (melanin bleached), masson, fontana (Fontana-Masson) or unstained"

histology_app = typer.Typer(help="From pictures of sections to depth profiles, and synthetic sections of a run.", no_args_is_help=True)


@histology_app.command()
@guarded
def extract(
    files: Annotated[list[Path], typer.Argument(help="pictures (TIFF, OME-TIFF, PNG, whole slides) and their GeoJSON, of the same name or behind the picture")],
    output: Annotated[Path, typer.Option("-o", "--output", help="profile (CSV) below the surface; beside it NAME.dej.csv and NAME.sections.csv")],
    hdf5: Annotated[Path | None, typer.Option("--hdf", help="write everything, with masks, as HDF5")] = None,
    mpp: Annotated[float | None, typer.Option("--mpp", help="side of a pixel in um; that of the metadata otherwise")] = None,
    proposal: Annotated[
        Path | None, typer.Option("--proposal", help="draw proposed lines and folds (PNG), and write them as GeoJSON beside it; of one picture")
    ] = None,
    ink: Annotated[str, typer.Option("--ink", help="black, brown, red, blue, green, or optical densities of red, green, blue: 0.35,0.60,0.72")] = "black",
    stain: Annotated[str, typer.Option("--stain", help=_STAINS)] = "he",
    optical_density: Annotated[float, typer.Option("--optical-density", help="decadic, from which on a pixel is pigment; 0: that of the ink")] = 0.0,
    saturation: Annotated[float, typer.Option("--saturation", help="of black ink, at most")] = 0.45,
    bin_um: Annotated[float, typer.Option("--bin-um", help="height of a bin, whole micrometres")] = 20.0,
    shrinkage: Annotated[float, typer.Option("--shrinkage", help="of lengths, by fixing and embedding, 0 to 0.5; depths are divided by what is left")] = 0.0,
    thickness_um: Annotated[float, typer.Option("--thickness-um", help="of the section; kept with the result")] = 4.0,
    dot_gap_um: Annotated[float, typer.Option("--dot-gap-um", help="between two dots, at least")] = 150.0,
    papillary_um: Annotated[float, typer.Option("--papillary-um", help="thickness of the papillary dermis, for the share of each layer")] = 120.0,
    folds: Annotated[str, typer.Option("--folds", help="leave-out or count what lies where tissue is folded")] = "leave-out",
    placing_um: Annotated[float, typer.Option("--placing-um", help="how far the lines may lie off; part of the standard deviations")] = 5.0,
) -> None:
    """Pigment against depth below surface and DEJ, of one section or several, as `dermaflux fit` reads it."""
    from . import histology, histology_profile, histology_tables
    from .histology_pigment import PigmentRule
    from .writing import check_output

    pairs = _pairs(files)
    if proposal is not None and len(pairs) > 1:
        raise _core.InputError(f"--proposal {proposal}: is for one picture; {len(pairs)} are given")
    if output.suffix.lower() != ".csv":
        raise _core.InputError(f"{output}: is the name of the profile; give a name that ends with .csv")
    for one in (*histology_tables.output_paths(output).values(), hdf5, proposal, proposal and proposal.with_suffix(".geojson")):
        if one is not None and check_output(one).resolve() in [file.resolve() for file in files]:
            raise _core.InputError(f"{one}: would overwrite what is read; give another name")
    rule = PigmentRule(ink, stain, optical_density, saturation)
    found = [
        histology.extract(
            picture, drawn, mpp=mpp, rule=rule, shrinkage=shrinkage, thickness_um=thickness_um, dot_gap_um=dot_gap_um, papillary_um=papillary_um, folds=folds,
            proposal=proposal, progress=True,
        )
        for picture, drawn in pairs
    ]  # fmt: skip
    data = histology_profile.pool(found, bin_um, placing_um)
    print(histology_tables.summary(data, found))
    if hdf5 is not None:
        histology_tables.save_hdf5(data, hdf5)
    drawings = [proposal, proposal.with_suffix(".geojson")] if proposal else []
    for path in (*histology_tables.save_csv(data, output), *([hdf5] if hdf5 else []), *drawings):
        print(f"written: {path}")


def _pairs(files: list[Path]) -> list[tuple[Path, Path | None]]:
    """Each picture with its annotation: that of the same name, wherever it stands, else the one behind it."""
    pairs: list[tuple[Path, Path | None]] = []
    drawn = [file for file in files if file.suffix.lower() in (".geojson", ".json")]
    pictures = [file for file in files if file not in drawn]
    named = {picture: next((one for one in drawn if one.with_suffix("") == picture.with_suffix("")), None) for picture in pictures}
    for file in files:
        if file in named:
            pairs.append((file, named[file]))
        elif file in named.values():
            continue
        elif not pairs or pairs[-1][1] is not None:
            raise _core.InputError(f"{file}: belongs to no picture; give it the name of one, or put it behind one that has none")
        else:
            pairs[-1] = (pairs[-1][0], file)
    return pairs


@histology_app.command()
@guarded
def section(
    file: Annotated[Path, typer.Argument(help="run file written by `dermaflux run -o`")],
    output: Annotated[Path, typer.Option("-o", "--output", help="picture: .tif or .png; `_synthetic` joins its name; lines and true profile lie beside it")],
    day: Annotated[str, typer.Option("--day", help="look of the run: 28, 6mo, 1y")] = "28",
    thickness_um: Annotated[float, typer.Option("--thickness-um", help="of the section")] = 4.0,
    angle: Annotated[float, typer.Option("--angle", help="of the cut against the normal of the skin, degrees; with --sections the largest")] = 0.0,
    offset_um: Annotated[float, typer.Option("--offset-um", help="of the cut from the axis of the dot")] = 0.0,
    shrinkage: Annotated[float, typer.Option("--shrinkage", help="of lengths, by fixing and embedding, 0 to 0.5")] = 0.0,
    stain: Annotated[str, typer.Option("--stain", help=_STAINS)] = "he",
    mpp: Annotated[float, typer.Option("--mpp", help="side of a pixel in um")] = 0.5,
    width_um: Annotated[float, typer.Option("--width-um", help="width of the tissue shown")] = 800.0,
    depth_um: Annotated[float, typer.Option("--depth-um", help="depth of the tissue shown; 0: to the fat")] = 0.0,
    sections: Annotated[int, typer.Option("--sections", "--random", help="this many, at random offsets and angles")] = 0,
    seed: Annotated[int, typer.Option("--seed", help="of the random numbers")] = 1,
) -> None:
    """Synthetic stained sections of a simulated dot, with their lines and true profiles."""
    from . import synthetic_section as synthetic
    from .looks import parse_day
    from .progress import progress_bar
    from .runfile import open_run
    from .stains import stain_of
    from .virtual_biopsy import Cut, tissue_of

    stain_of(stain)
    if not 0 <= sections <= 99:
        raise _core.InputError(f"--sections {sections}: is out of range; use 1 to 99, or leave it out for one at --offset-um")
    if sections and offset_um:
        raise _core.InputError(f"--offset-um {offset_um:g}: has no effect with --sections, which cuts at random; leave one of them out")
    cut, when = Cut(offset_um, angle, thickness_um, shrinkage), parse_day(day)
    paths = [synthetic.section_path(output, n) for n in (range(1, sections + 1) if sections else (0,))]
    run = open_run(file)
    cuts = synthetic.random_cuts(tissue_of(run, when, str(file)), sections, cut, seed) if sections else [cut]
    with progress_bar("sections", len(cuts)) as report:
        for n, (one, path) in enumerate(zip(cuts, paths, strict=True)):
            tissue, stained = synthetic.section(run, when, one, stain=stain, mpp=mpp, width_um=width_um, depth_um=depth_um, seed=seed + n, name=str(file))
            written = synthetic.save_section(tissue, stained, path, mpp=mpp, cut=one, day=when, seed=seed + n, title=str(run.attrs["title"]), stain=stain)
            report(n + 1)
            print("\n".join(f"written: {one}" for one in written))


@histology_app.command()
@guarded
def example(
    folder: Annotated[Path, typer.Argument(help="new folder for the slides")],
    sections: Annotated[int, typer.Option("--sections", help="slides")] = 6,
    seed: Annotated[int, typer.Option("--seed", help="of the random numbers")] = 1,
) -> None:
    """A set of synthetic slides, marked as such, with what it takes to go from them to a verdict."""
    from .example_slides import write_example
    from .progress import progress_bar

    with progress_bar("slides", sections) as report:
        written = write_example(folder, sections, seed, report)
    print("\n".join(f"written: {one}" for one in written))
    print(f"next: cd {folder}, and read READ_ME_synthetic.txt")
