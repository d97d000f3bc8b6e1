"""Kinetics of the pigment pools, run by the solver of the treatments, against eigenvalues and a stiff reference integrator."""

import numpy as np
import pytest
from scipy.integrate import solve_ivp
from scipy.linalg import eig

import dermaflux as df

POOLS = ("free", "matrix", "macrophage", "slow")
NO_LIMIT = {"macrophage_capacity_ng": 1e200}  # uptake stays linear

# A cell in the wound, every process at the value that ships or near it; rates per day.
WOUND = {
    "uptake_per_day": 1.0, "macrophage_density_per_mm3": 1e4, "macrophage_capacity_ng": 1.1, "recruitment_factor": 5.0,
    "recruitment_rise_day": 2.0, "recruitment_decay_day": 7.0, "wound": 0.7, "open_track_loss_per_day": 0.15, "pore_closure_day": 0.917,
    "free_lymph_per_day": 1.38, "lymph_factor": 0.3, "matrix_release_per_day": 0.2, "cell_death_loss_per_day": 1.2e-4,
    "fibroblast_transfer_per_day": 0.003, "slow_return_per_day": 2.85e-4, "slow_loss_per_day": 1.5e-5, "photolysis_per_day": 1e-4,
}  # fmt: skip


def density(t: float, k: dict[str, float]) -> float:
    """Macrophages over resident: integral of recruitment less departure, scaled to its peak (core/physics/kinetics.hpp)."""
    rise, decay = k["recruitment_rise_day"], k["recruitment_decay_day"]
    top = np.log(decay / rise) / (1.0 / rise - 1.0 / decay)
    largest = np.exp(-top / decay) - np.exp(-top / rise)
    return 1.0 + (k["recruitment_factor"] - 1.0) * k["wound"] * (np.exp(-t / decay) - np.exp(-t / rise)) / largest


def slope(t: float, y: np.ndarray, k: dict[str, float]) -> list[float]:
    """The equations of `heal_cell` once more, with what leaves: lymph, exuded, photolysed."""
    free, matrix, cells, slow = y[:4]
    n = density(t, k)
    room = n * k["macrophage_density_per_mm3"] * 1e9 * k["macrophage_capacity_ng"] * 1e-12
    taken = k["uptake_per_day"] * n * max(1.0 - cells / room, 0.0) * free
    exuded = k["open_track_loss_per_day"] * np.exp(-t / k["pore_closure_day"]) * free
    drained, died = k["free_lymph_per_day"] * k["lymph_factor"] * free, k["cell_death_loss_per_day"] * cells
    let_go, moved = k["matrix_release_per_day"] * matrix, k["fibroblast_transfer_per_day"] * cells
    back, lost, light = k["slow_return_per_day"] * slow, k["slow_loss_per_day"] * slow, k["photolysis_per_day"]
    return [
        let_go - taken - drained - exuded - light * free,
        -let_go - light * matrix,
        taken + back - died - moved - light * cells,
        moved - back - lost - light * slow,
        drained + died + lost,
        exuded,
        light * (free + matrix + cells + slow),
    ]  # fmt: skip


def healed(pools: list[float], days: list[float], **numbers: float) -> np.ndarray:
    """Shape (days, 7)."""
    return np.array(list(df.heal_cell(pools, days, **numbers).values())).T


def test_two_pools_follow_the_eigenvalues_of_their_chain():
    """M' = -(d + t) M + s B, B' = t M - (s + b) B: both eigenvalues from the quadratic formula, one mode at a time started alone."""
    d, t, s, b = 0.02, 0.3, 0.1, 0.01
    trace, determinant = -(d + t + s + b), (d + t) * (s + b) - s * t
    root = np.sqrt(trace * trace - 4.0 * determinant)
    rates = {"cell_death_loss_per_day": d, "fibroblast_transfer_per_day": t, "slow_return_per_day": s, "slow_loss_per_day": b}
    slow_mode, fast_mode = 0.5 * (trace + root), 0.5 * (trace - root)
    days = np.array([1.0, 10.0, 40.0])
    mode = np.array([s, slow_mode + d + t])  # eigenvector (M, B), both positive
    found = healed([0.0, 0.0, *mode], list(days), tolerance=1e-9, **rates)[:, 2:4]
    np.testing.assert_allclose(found, mode * np.exp(slow_mode * days)[:, None], rtol=1e-6)
    # The fast mode has one negative part, so it is taken as the difference of two states.
    start = np.array([1.0, 0.0])
    share = np.linalg.solve(np.array([[s, s], [slow_mode + d + t, fast_mode + d + t]]), start)
    exact = sum(share[n] * np.array([s, value + d + t]) * np.exp(value * days)[:, None] for n, value in enumerate((slow_mode, fast_mode)))
    np.testing.assert_allclose(healed([0.0, 0.0, *start], list(days), tolerance=1e-9, **rates)[:, 2:4], exact, rtol=1e-6)


def test_the_chain_of_four_pools_follows_its_eigenvalues():
    """No limit of capacity, no recruitment: y' = A y, solved by the eigenvectors of A."""
    k = {"uptake_per_day": 1.3, "free_lymph_per_day": 0.4, "matrix_release_per_day": 0.7, "cell_death_loss_per_day": 0.02,
         "fibroblast_transfer_per_day": 0.15, "slow_return_per_day": 0.03, "slow_loss_per_day": 0.006, "photolysis_per_day": 0.01}  # fmt: skip
    u, lymph, r, d, t, s, b, p = k.values()
    matrix = np.array([[-u - lymph - p, r, 0, 0], [0, -r - p, 0, 0], [u, 0, -d - t - p, s], [0, 0, t, -s - b - p]])
    values, vectors = eig(matrix)
    assert np.all(values.real < 0.0) and np.all(values.imag == 0.0)
    start, days = np.array([1.0, 0.6, 0.2, 0.1]), np.array([0.5, 3.0, 20.0, 100.0])
    exact = np.array([(vectors * np.exp(values * day)) @ np.linalg.solve(vectors, start) for day in days]).real
    found = healed(list(start), list(days), tolerance=1e-9, **k, **NO_LIMIT)[:, :4]
    assert np.abs(found - exact).max() < 1e-6


@pytest.mark.parametrize("pools", [[40.0, 30.0, 0.0, 0.0], [200.0, 0.0, 0.0, 0.0], [0.5, 1.0, 50.0, 5.0]])
def test_saturating_uptake_agrees_with_a_stiff_integrator_to_a_millionth(pools: list[float]):
    """Radau at 1e-10, its step held below the recruitment's. Overloaded from the first days on: cells hold at most 11 kg/m3 at
    resident density; in the third case more than that from the start. Our error goes with the tolerance, which is that of a step."""
    days = [1.0, 3.0, 7.0, 14.0, 42.0, 365.0, 3650.0]
    total = sum(pools)
    judge = solve_ivp(slope, (0.0, days[-1]), [*pools, 0.0, 0.0, 0.0], method="Radau", rtol=1e-10, atol=1e-12 * total, t_eval=days,
                      args=(WOUND,), first_step=1e-3, max_step=20.0).y.T  # fmt: skip
    found = healed(pools, days, tolerance=1e-7 * total, **WOUND)
    assert np.abs(found - judge).max() < 1e-6 * total
    assert np.abs(found.sum(axis=1) / total - 1.0).max() < 1e-10


def test_a_rougher_tolerance_errs_more_and_keeps_the_mass():
    """The local error goes as dt^2 and the global one too: a hundred times the tolerance, some hundred times the error."""
    pools, days = [40.0, 30.0, 0.0, 0.0], [42.0]
    fine = healed(pools, days, tolerance=1e-6, **WOUND)[0]
    errors = [np.abs(healed(pools, days, tolerance=tolerance, **WOUND)[0] - fine).max() for tolerance in (1e-1, 1e-2, 1e-3)]
    assert errors[0] > 3.0 * errors[1] > 9.0 * errors[2]


@pytest.mark.parametrize(("half_life", "recaptured"), [(300.0, 0.95), (90.0, 0.85), (700.0, 0.995)])
def test_years_later_mass_is_lost_at_the_rate_of_release_without_recapture(normal: df.Treatment, half_life: float, recaptured: float):
    """k_mass = k_rel (1 - phi_rec): from the fifth to the tenth year only macrophages hold pigment (no slow pool here; free, matrix
    and epidermal pigment are gone), so that mass falls with that rate. A step decays by 1/(1 + x + x^2/2), x = k dt: its exponent is
    short of x by x^2/6, with steps of 60 days at most; free pigment on the way to its death may hold 1e-6."""
    plain = normal.with_({"skin.macrophage_half_life_day": half_life, "skin.recapture_fraction": recaptured,
                          "skin.fibroblast_transfer_per_day": 0.0, "aftercare.uv_dose_j_cm2": 0.0})  # fmt: skip
    run = df.run(plain, grid="quick", horizon_year=10.0).to_xarray()
    held = sum(run[f"{pool}_ng"] for pool in (*POOLS, "epidermal"))
    early, late = (float(held.sel(time=years * 365.25, method="nearest")) for years in (5.0, 10.0))
    rate = np.log(2.0) / half_life * (1.0 - recaptured)
    np.testing.assert_allclose(np.log(early / late), rate * 5.0 * 365.25, rtol=(60.0 * rate) ** 2 / 6.0 + 1e-6)


def test_depleted_cells_let_go_what_they_hold_and_take_it_up_again():
    """Uptake off: exactly the share is free. Uptake on, nothing lost: it comes back with the density, to the last."""
    half = healed([0.0, 0.0, 8.0, 1.0], [10.0, 20.0], depletion_day=15.0, depletion_share=0.25)
    np.testing.assert_allclose(half[:, :4], [[0.0, 0.0, 8.0, 1.0], [2.0, 0.0, 6.0, 1.0]], rtol=1e-14)
    back = healed([0.0, 0.0, 8.0, 1.0], [15.0, 30.0, 400.0], depletion_day=15.0, uptake_per_day=0.5, macrophage_return_day=20.0, **NO_LIMIT)
    np.testing.assert_allclose(back[0, :4], [8.0, 0.0, 0.0, 1.0], rtol=1e-14)
    # F' = -k (1 - e^(-t/tau)) F with all cells dead at 0: F = 8 exp(-k (t - tau (1 - e^(-t/tau)))).
    exact = 8.0 * np.exp(-0.5 * (15.0 - 20.0 * (1.0 - np.exp(-15.0 / 20.0))))
    np.testing.assert_allclose(back[1, 0], exact, rtol=1e-5)
    np.testing.assert_allclose(back[2, 2], 8.0, rtol=1e-10)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"uptake_per_dya": 1.0}, "did you mean uptake_per_day"),
        ({"uptake_per_day": -1.0}, "uptake_per_day"),
        ({"uptake_per_day": float("nan")}, "uptake_per_day"),
        ({"tolerance": 0.0}, "tolerance"),
        ({"recruitment_rise_day": 9.0}, "recruitment_decay_day"),
        ({"pore_closure_day": 0.0}, "pore_closure_day"),
    ],
)
def test_a_wrong_number_is_refused_by_name(arguments: dict[str, float], message: str):
    with pytest.raises(df.InputError, match=message):
        df.heal_cell([1.0, 0.0, 0.0, 0.0], [1.0], **arguments)


@pytest.mark.parametrize(
    ("pools", "days", "message"),
    [([-1.0, 0.0, 0.0, 0.0], [1.0], "a pool starts with -1"), ([1.0, 0.0, 0.0, 0.0], [2.0, 1.0], "times must increase .* 1.0* d follows 2")],
)
def test_impossible_pools_and_times_are_refused(pools: list[float], days: list[float], message: str):
    with pytest.raises(df.InputError, match=message):
        df.heal_cell(pools, days)
