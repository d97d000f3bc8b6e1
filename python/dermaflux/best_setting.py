"""What the map of a calibration says about its best setting: where it may lie, how much worse others are, what it hangs on."""

import math

import numpy as np
import xarray as xr
from scipy import stats

from . import _core
from .calibrated_preset import digits
from .criteria import mean_error
from .optimum import Held


def neighbours(axis: np.ndarray, position: int, accepted: np.ndarray) -> tuple[float, float]:
    """Widest run of accepted values around a position."""
    low = high = position
    while low > 0 and accepted[low - 1]:
        low -= 1
    while high + 1 < len(axis) and accepted[high + 1]:
        high += 1
    return float(axis[low]), float(axis[high])


def inside(file: _core.CalibrationFile, key: str, values: np.ndarray) -> np.ndarray:
    """Which settings of the search the envelope allows.

    Raises
    ------
    InputError: none.
    """
    allowed = np.ones(len(values), dtype=bool)
    for limit in file.envelope:
        if limit.key == key:
            allowed &= (values >= limit.low) & (values <= limit.high)
            if not allowed.any():
                raise _core.InputError(
                    f"{file.files[-1]}: every {key.removeprefix('machine.')} of the search is outside its envelope, {limit.low:g} to {limit.high:g}; "
                    "search others, or widen the envelope"
                )
    return allowed


def nothing_right(file: _core.CalibrationFile, skin_class: str, best: dict[str, float], kept: xr.DataArray) -> str:
    """Why there is no preset where no setting is right in any draw, by the rules at the setting that comes nearest."""
    rules = ", ".join(f"{name} {100 * float(kept.sel(criterion=name).mean()):.0f} %" for name in kept["criterion"].values)
    return (
        f"no preset for {skin_class}: no setting of the search is right in any of {file.draws} draws; at the nearest, depth {best['depth_mm']:g} mm and dwell "
        f"{best['dwell_ms']:g} ms, rules are kept by: {rules}; search other settings, or take another ink or needle"
    )


def as_good(value: np.ndarray, best: tuple[int, int]) -> np.ndarray:
    """Which settings are as good as one within the Monte Carlo error, shape (depth, dwell): the mean of the paired differences is less
    than 1.645 of its standard errors (one side, 95 %)."""
    behind = value[best] - value
    return behind.mean(axis=2) <= 1.645 * np.apply_along_axis(mean_error, 2, behind)


def held_at(held: Held, best: dict[str, float]) -> np.ndarray:
    """Of each draw the probability of a right dot at the place nearest to a setting that is not held exactly."""
    return held.probability[np.argmin(abs(held.depth_mm - best["depth_mm"])), np.argmin(abs(np.log(held.dwell_ms / best["dwell_ms"])))]


def on_edge(best: dict[str, float], depths: np.ndarray, dwells: np.ndarray) -> list[str]:
    """Sides of the searched box that a setting touches."""
    depth, dwell = best["depth_mm"], best["dwell_ms"]
    touched = (
        ("shallowest depth", depth <= depths[0]), ("deepest depth", depth >= depths[-1]),
        ("shortest dwell", dwell <= dwells[0]), ("longest dwell", dwell >= dwells[-1]),
    )  # fmt: skip
    return [side for side, touches in touched if touches]


def rank_correlations(draws: dict[str, np.ndarray], outcome: np.ndarray) -> dict[str, float]:
    """Spearman's correlation of an outcome with each uncertain key over the draws that gave a number; 0 where there is none."""
    good = np.isfinite(outcome)
    if good.sum() < 3:
        return dict.fromkeys(draws, 0.0)
    ranks = {key: float(stats.spearmanr(values[good], outcome[good]).statistic) for key, values in draws.items()}
    return {key: rank if math.isfinite(rank) else 0.0 for key, rank in ranks.items()}


def adaptation(
    draws: dict[str, np.ndarray], force: np.ndarray, good: xr.DataArray, value: xr.DataArray, score: np.ndarray, depths: np.ndarray, dwells: np.ndarray
) -> list[dict[str, object]]:
    """Best setting for skins that a driver can tell apart by what it measures: force and thickness, in thirds of the draws.
    Within a third, settings with equally many right dots are told apart by the score of all draws."""
    thickness = sum((values for key, values in draws.items() if key.endswith("thickness_um")), np.zeros_like(force))
    table = []
    for measured, values in (("insertion_force_n", force), ("epidermis_and_papillary_thickness_um", thickness)):
        if not np.isfinite(values).all() or len(values) < 6 or np.ptp(values) == 0.0:
            continue
        edges = np.quantile(values, [0.0, 1.0 / 3.0, 2.0 / 3.0, 1.0])
        for n in range(3):
            inside = (values >= edges[n]) & (values <= edges[n + 1])
            share = good.values[:, :, inside].mean(axis=2)
            i, j = np.unravel_index(int(np.argmax(value.values[:, :, inside].mean(axis=2) + 1e-3 * score)), share.shape)
            table.append(
                {
                    "measured": measured,
                    "min": digits(edges[n]),
                    "max": digits(edges[n + 1]),
                    "settings": {"depth_mm": float(depths[i]), "dwell_ms": float(dwells[j])},
                    "probability": digits(share[i, j]),
                    "draws": int(inside.sum()),
                }
            )
    return table
