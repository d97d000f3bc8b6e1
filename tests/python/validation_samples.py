"""Validation cases that are quick to run, in a folder of their own."""

from pathlib import Path

from conftest import NORMAL

STUDY = 'grid = "quick"\ndraws = 8\nseed = 5\nuncertain = ["skin.uptake_per_day", "skin.lymph_clearance_per_day"]\n[quick]\ngrid = "quick"\ndraws = 8\n'
KEPT = 'quantity = "series_ratio"\noutput = "pigment_ng"\nday = 42\nover_day = 0\n'
SLOPE = 'quantity = "slope"\noutput = "pigment_depth_day0_mm"\nkey = "machine.depth_mm"\nlow = 0.3\nhigh = 0.6\n'
PROFILE = 'quantity = "profile"\nday = 28\ndepth_below = "surface"\n'
WAITING = '[waiting]\nlook_up = "table 2 of the full text"\ncolumns = "depth"\nput = "beside this file"\n'


def case_text(id_: str, parts: str, stage: str = "healing", more: str = "") -> str:
    return f'id = "{id_}"\ntitle = "quantity of {id_}"\nstage = "{stage}"\nhow = "as it is"\ntreatment = "{NORMAL}"\n{parts}{more}'


def observed_text(id_: str, numbers: str) -> str:
    return f'id = "{id_}"\n{numbers}measured = "a number"\nerror_is = "a range"\nsource = "study 2020: synthetic"\ncheck = "read it"\n'


def numbers(unit: str, compared: str, **values: float) -> str:
    return f'compared = "{compared}"\n' + "".join(f'{name} = {{ value = {value!r}, unit = "{unit}" }}\n' for name, value in values.items())


def case_folder(folder: Path, profile: bool = False) -> Path:
    """A case that agrees for certain, one that misses for certain, and a slot, filled if asked for."""
    folder.mkdir(exist_ok=True)
    (folder / "study.toml").write_text(STUDY)
    (folder / "a_kept.toml").write_text(case_text("A1", KEPT))
    (folder / "a_kept.observed.toml").write_text(observed_text("A1", numbers("1", "interval", low=0.01, high=0.99)))
    (folder / "b_slope.toml").write_text(case_text("B2", SLOPE, "deposit"))
    (folder / "b_slope.observed.toml").write_text(observed_text("B2", numbers("mm/mm", "number", value=7.0)))
    (folder / "c_slot.toml").write_text(case_text("C3", PROFILE, "deposit", WAITING))
    if profile:
        (folder / "c_slot.observed.toml").write_text(observed_text("C3", 'compared = "profile"\nfile = "seen.csv"\n'))
        (folder / "seen.csv").write_text("depth_from_um,depth_to_um,fraction,sd\n0,100,0.1,0.02\n100,200,0.4,0.05\n200,300,0.3,0.05\n300,500,0.2,0.05\n")
    return folder
