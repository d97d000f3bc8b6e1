"""Verification rows: every exact or reference solution that the model is tested against, with the test that can be run again.

A row names its tests; `tests/python/test_validate.py` fails for a name that is in no source. Where the installed program can compute the
number at little cost, `dermaflux validate` does so and compares.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from . import _core
from .physics import heal_cell

_PHOTONS = 1 << 17
_ERRORS = 4.0  # standard errors that a Monte Carlo number may lie off


@dataclass(frozen=True)
class Live:
    """A number that the installed program gave now."""

    what: str
    value: float
    reference: float
    tolerance: float

    @property
    def holds(self) -> bool:
        return abs(self.value - self.reference) <= self.tolerance


@dataclass(frozen=True)
class Benchmark:
    """An exact solution, and the tests that hold the program to it; no test means no evidence."""

    name: str
    formula: str
    reference: str
    tolerance: str
    tests: tuple[str, ...]  # Suite.Name of GoogleTest, or file::test of pytest
    note: str = ""
    live: Callable[[], list[Live]] | None = None


def _half_space(albedo: float, anisotropy: float, index: float, depth_m: float, extinction: float) -> tuple[float, float, dict]:
    """Diffuse reflectance of a layer by the photons of the program and its standard error, and all accounts."""
    medium = _core.PhotonMedium.rings(np.zeros(1), np.array([0.0, depth_m]), np.array([[extinction * (1.0 - albedo)]]), np.array([[extinction * albedo]]))
    found = _core.follow_photons(medium, _PHOTONS, anisotropy, index, index, 1.0, 1.0, 0.0, 1e-4, 1, False, False, "none", 1, "serial", None)
    batches = np.asarray(found["reflected"])[0]
    return float(batches.mean()), float(batches.std(ddof=1) / math.sqrt(batches.size)), found


def _van_de_hulst() -> list[Live]:
    value, error, _ = _half_space(0.9, 0.75, 1.0, 0.2e-3, 1e4)
    return [Live("diffuse reflectance of the slab", value, 0.09739, _ERRORS * error + 5e-6)]


def _giovanelli() -> list[Live]:
    value, error, found = _half_space(0.9, 0.0, 1.5, math.inf, 1e4)
    return [Live("diffuse reflectance", value, 0.2200, _ERRORS * error + 2e-4), Live("specular reflectance", float(found["specular"]), 0.04, 1e-9)]


_CHANDRASEKHAR = {0.5: 0.115226, 0.8: 0.285255, 0.9: 0.414947, 0.95: 0.535541, 0.99: 0.752721}


def _chandrasekhar() -> list[Live]:
    rows = []
    for albedo, exact in _CHANDRASEKHAR.items():
        value, error, _ = _half_space(albedo, 0.0, 1.0, math.inf, 1e4)
        rows.append(Live(f"albedo {albedo:g}, along the normal", value, exact, _ERRORS * error + 5e-7))
    return rows


def _chain() -> list[Live]:
    """M' = -(d + t) M + s B, B' = t M - (s + b) B by the eigenvectors of its matrix."""
    d, t, s, b, days = 0.02, 0.03, 0.01, 0.005, 30.0
    matrix = np.array([[-(d + t), s], [t, -(s + b)]])
    values, vectors = np.linalg.eig(matrix)
    exact = (vectors @ (np.exp(values * days) * np.linalg.solve(vectors, [1.0, 0.0]))).real
    numbers = {"cell_death_loss_per_day": d, "fibroblast_transfer_per_day": t, "slow_return_per_day": s, "slow_loss_per_day": b}
    found = heal_cell([0.0, 0.0, 1.0, 0.0], [days], tolerance=1e-9, **numbers)
    return [
        Live(f"{pool} pool after {days:g} days", float(found[pool][0]), float(want), 1e-8) for pool, want in zip(("macrophage", "slow"), exact, strict=True)
    ]


def _lab() -> list[Live]:
    white, grey = _core.lab([1.0] * 7), _core.lab([0.18] * 7)
    return [
        *(Live(f"{name} of a perfect white under D65", value, exact, 1e-9) for name, value, exact in zip("Lab", white, (100.0, 0.0, 0.0), strict=True)),
        Live("L of a flat reflectance of 0.18", grey[0], 49.5, 0.005),
    ]


def benchmarks() -> Sequence[Benchmark]:
    """All rows, in the order of stages."""
    return (
        Benchmark(
            "Terzaghi, single drained face",
            "U = 1 - sum 8/((2m+1)^2 pi^2) exp(-(2m+1)^2 pi^2 T/4)",
            "T 0.01 to 0.848: U 0.11284 to 0.89998",
            "order 1.9 or more; below the lateness of half a step",
            ("ExactFlow.ConsolidationFollowsTerzaghiAtSecondOrder", "PressureConvergence.ConsolidationFollowsTerzaghi"),
        ),
        Benchmark(
            "injection from a sphere at constant rate",
            "Carslaw & Jaeger 1959, sec. 9.10; long after: Q mu/(4 pi k r)",
            "r 1.3 to 6 radii",
            "0.064^2/6 of the largest pressure, order 1.5 or more",
            ("ExactFlow.InjectionFromASphereFollowsCarslawAndJaeger",),
            "the point injection is its limit of a small sphere; it has no test of its own",
        ),
        Benchmark(
            "anisotropic point source",
            "p = Q mu/(4 pi sqrt(kx ky kz) rho)",
            "ratio of permeabilities 1, 2, 5",
            "order 1.9 or more; half of a cell's second moment",
            ("ExactFlow.AnisotropicPointSourceIsOfSecondOrder",),
        ),
        Benchmark(
            "strain-dependent permeability, steady",
            "q = k0/(mu S m L) (1 - exp(-m S dp))",
            "m 2.94, strains 0.1 to 1.5",
            "order 1.9 or more; x^2/24 of a cell",
            ("ExactFlow.FlowThroughStrainedTissueSaturates",),
        ),
        Benchmark(
            "Theis line source", "s = Q/(4 pi T) W(u)", "W(1e-4 ... 1) = 8.633225 ... 0.219384", "order 1.9 or more", ("ExactFlow.LineSourceFollowsTheis",)
        ),
        Benchmark(
            "Ogata-Banks",
            "C/C0 = 0.5 [erfc((x-vt)/2 sqrt(Dt)) + exp(vx/D) erfc((x+vt)/2 sqrt(Dt))]",
            "t 0.25, 0.5, 1, 2: 0.000648, 0.080067, 0.585289, 0.966220",
            "order 1.8, 1.9 or more",
            ("ExactTransport.FrontSpreadsAsOgataAndBanksSay",),
        ),
        Benchmark(
            "advection, spreading, decay, steady",
            "C = C0 exp(x (v - sqrt(v^2 + 4 k D))/(2 D))",
            "exact",
            "order 1.85, 1.9 or more",
            ("ExactTransport.SteadyProfileOfAdvectionSpreadingAndCaptureIsExact",),
        ),
        Benchmark(
            "deep-bed filtration",
            "C = C0 exp(-lambda x); deposit lambda U C0 (t - n x/U) exp(-lambda x)",
            "exact, mass closes",
            "second order (suspended), first (captured); mass to rounding",
            ("ExactTransport.DeepBedFiltrationIsMetBehindTheFront", "DeepBedFiltration.DecaysExponentiallyAlongThePathAndKeepsMass"),
        ),
        Benchmark(
            "blur of a Gaussian dot",
            "sigma^2 = sigma0^2 + 2 D t, peak sigma0^2/sigma^2",
            "D 1e-17 m2/s: +79 um in ten years",
            "variance 5e-4, peak of first order in the step",
            ("HealingConvergence.ADotBlursLikeAGaussian", "VerticalSpread.WidensAGaussianByTwoDT"),
        ),
        Benchmark(
            "advection in a closed vortex",
            "the cloud comes back to where it was",
            "initial state",
            "second order, positive, bounded",
            ("TransportConvergence.IsOfSecondOrderInAVortex", "TransportConvergence.KeepsThePulsePositiveAndBelowItsTop"),
            "in place of a solid-body rotation, which a cylinder does not have",
        ),
        Benchmark(
            "Poiseuille, tube and annulus",
            "pi r^4 dp/(8 mu L); pi r b^3 dp/(6 mu L) for a thin gap",
            "exact",
            "1e-6 (tube); what the wall gives way (annulus)",
            ("ExactTrack.TubeCarriesPoiseuilleFlow", "ExactTrack.GapAroundANeedleCarriesAnnularFlow"),
        ),
        Benchmark(
            "Washburn",
            "h = sqrt(r gamma cos(theta) t/(2 mu))",
            "3.5, 12, 35, 118, 354 ms for 3 to 300 mPa.s",
            "(dz/h)^2/8",
            ("ExactTrack.EmptyTubeFillsAsWashburnSays", "ExactTrack.TimeToFillGrowsWithViscosity"),
        ),
        Benchmark(
            "Landau-Levich film on a fibre",
            "1.34 r Ca^(2/3)",
            "exact",
            "rounding",
            ("ExactTrack.NeedleDragsTheFilmOfLandauAndLevich", "FilmThickness.IsLandauLevichOnAFibre"),
            "the plate, 0.945 l_c Ca^(2/3), is not used by the model",
        ),
        Benchmark(
            "Morrison backflow along the needle",
            "x_m = 0.804 (cR)^(4/5) Q^(3/5) r^(4/5) G^(-3/5) mu^(-1/5)",
            "0.804 to three digits",
            "half a row and the wall's compliance",
            ("Backflow.ClimbsAsFarAsMorrisonSays", "BackflowLength.HasTheTabulatedValues"),
        ),
        Benchmark(
            "Sneddon cone, Hertz contact",
            "F = (2/pi) E* tan(beta) d^2; (4/3) E* sqrt(R) d^1.5",
            "exact",
            "1e-14",
            ("SneddonCone.HasTheExactValueAndTheExponent", "HertzContact.HasTheExactValueAndTheExponent"),
        ),
        Benchmark(
            "linear chain of cells",
            "y' = A y by its eigenvalues",
            "exact, mass to rounding",
            "1e-8 here",
            ("test_healing.py::test_two_pools_follow_the_eigenvalues_of_their_chain", "test_healing.py::test_the_chain_of_four_pools_follows_its_eigenvalues"),
            live=_chain,
        ),
        Benchmark(
            "photons, slab n = 1",
            "van de Hulst 1980: mu_a 10, mu_s 90 per cm, g 0.75, 0.2 mm",
            "Rd 0.09739, Tt 0.66096",
            "four standard errors",
            ("Photons.OfASlabAreThoseOfVanDeHulst",),
            live=_van_de_hulst,
        ),
        Benchmark(
            "photons, half-space n = 1.5",
            "Giovanelli 1955: mu_a 10, mu_s 90 per cm, g 0",
            "0.2600 in all, 0.0400 of it specular",
            "four standard errors",
            ("Photons.OfAGlassyHalfSpaceAreThoseOfGiovanelli",),
            live=_giovanelli,
        ),
        Benchmark(
            "photons, matched isotropic half-space",
            "Chandrasekhar 1960: R = 1 - H(1) sqrt(1 - w)",
            "w 0.5 to 0.999: 0.115226 to 0.912845; diffuse 0.146544 to 0.929713",
            "four standard errors",
            ("HalfSpace.LitAlongTheNormalIsChandrasekhars", "HalfSpace.LitDiffuselyIsChandrasekhars"),
            "the albedo of 0.999 and diffuse light are left to the tests: they take longer",
            live=_chandrasekhar,
        ),
        Benchmark(
            "fast look, matched half-space",
            "the replayed paths against Chandrasekhar, w 0.9",
            "0.414947",
            "0.0077, the noise of as many independent photons",
            ("FastLook.OfAMatchedHalfSpaceIsTransportTheory",),
            "in place of Flock's diffusion (0.42596), which the model no longer uses",
        ),
        Benchmark("Kubelka-Munk", "R = 1 + K/S - sqrt((K/S)^2 + 2 K/S)", "K/S 0.1: 0.641742", "", (), "not used by the model"),
        Benchmark(
            "CIE L*a*b*",
            "D65 white; flat reflectance of 0.18",
            "(100, 0, 0); 49.5",
            "1e-9; 0.005",
            ("Colour.PerfectWhiteUnderD65IsLab100", "Colour.FlatReflectanceOf18PercentHasLightness49Point5"),
            live=_lab,
        ),
    )
