"""Credibility dossier: what supports the model for a use, item by item, after ASME V&V 40-2018 and the FDA's guidance "Assessing the
Credibility of Computational Modeling and Simulation in Medical Device Submissions" (2023). It claims no certification."""

from collections.abc import Sequence
from dataclasses import dataclass

from .judging import Judged
from .verdicts import AGREES, CANNOT, KEPT, MISSES, WAITING

DISCLAIMER = (
    "This page is organised along ASME V&V 40-2018 and the FDA's 2023 guidance on the credibility of computational modeling. It is no certification, "
    "nobody has reviewed it, and it does not say that the model is fit for treatment."
)


@dataclass(frozen=True)
class Item:
    """One thing that the two documents ask for: what there is, and the tests or the command that shows it. None: no evidence."""

    asked: str
    answer: str
    tests: tuple[str, ...] = ()
    command: str = ""

    @property
    def evidence(self) -> str:
        return "; ".join((*self.tests, *((self.command,) if self.command else ()))) or "no evidence"


@dataclass(frozen=True)
class Chapter:
    title: str
    items: tuple[Item, ...]
    statement: bool = False  # says what is meant, so that no evidence is asked for


def dossier(found: Sequence[Judged], live_failures: int) -> tuple[Chapter, ...]:
    """All chapters; `found` are the verdicts of the validation cases, `live_failures` verification rows that did not hold now."""
    return (_context(), _risk(), _code(live_failures), _calculation(), _validation(found), _uncertainty(), _applicability())


def _context() -> Chapter:
    return Chapter(
        "Context of use",
        (
            Item(
                "Question of interest",
                "Which depth and dwell time of a machine for scalp micropigmentation give the wanted dot with the highest probability, in skin of "
                "a class that is not known exactly?",
            ),
            Item(
                "Role of the model",
                "Research. It proposes settings (status research) for phantoms and studies. No other evidence is replaced by it, and a preset it "
                "writes does not authorise use on people.",
            ),
            Item(
                "Quantities of interest",
                "Tip depth, pigment left and its depth, contrast and width of the dot from day 14 to five years, probability of bleeding.",
            ),
        ),
        statement=True,
    )


def _risk() -> Chapter:
    return Chapter(
        "Model risk",
        (
            Item(
                "Influence",
                "High if a preset is followed as it is: the model alone then decides depth and dwell time. Low if a practitioner, who sees the "
                "skin, decides. The driver's reader refuses research presets unless told otherwise.",
            ),
            Item(
                "Consequence of a wrong answer",
                "Too shallow: the dot is shed, a further session. Too deep: bleeding, blur, blue dots that stay for years, scars. Keloid-prone, "
                "inflamed or freshly scarred skin: harm; no preset is issued there.",
            ),
            Item("Risk", "Medium to high for use on people, which this evidence does not support (see Validation); low for research."),
        ),
        statement=True,
    )


def _code(live_failures: int) -> Chapter:
    state = "all rows computed now hold" if not live_failures else f"{live_failures} of the rows computed now do not hold"
    return Chapter(
        "Code verification",
        (
            Item("Exact and reference solutions", f"The rows of Verification; {state}.", command="dermaflux validate"),
            Item(
                "Manufactured solutions",
                "Second order in space in all 32 combinations of storage, advection, diffusion, filtration and anisotropy.",
                ("ManufacturedSolution.IsMetAtSecondOrder",),
            ),
            Item(
                "Conservation",
                "Pigment and liquid are booked after every stroke and step.",
                ("TenYears.CloseTheLedgerInAFewHundredSteps", "Healing.StaysPositiveAndKeepsMassInStepsOfMonthsFromAnyState"),
            ),
            Item("Same bits on all host backends", "Serial and threaded runs.", ("Kokkos.FieldsOfASingleRunEqualSerialBitByBit",)),
            Item("Software quality", "Every test, also under sanitizers.", command="bash tests/run.sh --sanitize"),
        ),
    )


def _calculation() -> Chapter:
    return Chapter(
        "Calculation verification",
        (
            Item(
                "Grid",
                "Dose and depth from level to level: about 5 % of the dose on the standard grid.",
                ("GridConvergence.OfDoseAndDepthFromLevelToLevel",),
                "dermaflux run TREATMENT --grid auto --grid-tolerance 0.05",
            ),
            Item(
                "Time steps",
                "Healing and its splitting are of second order.",
                ("HealingOrder.OfTheReactionIsTwo", "HealingOrder.OfTheSplittingIsTwo", "HealingConvergence.FinerStepsChangeLess"),
            ),
            Item(
                "Light",
                "The fast look against photon transport, contrast to 0.03.",
                ("FastLookInSkin.HasTheContrastOfPhotonTransportWithin3Percent",),
                "dermaflux photons run.h5 --day 14 --error 0.005",
            ),
            Item(
                "Number of draws",
                "Medians and intervals come from a finite number of draws: run twice as many and compare.",
                command="dermaflux validate --draws 128",
            ),
            Item(
                "Use error",
                "An input out of range, of another unit or unknown is refused before work starts.",
                ("CaseInput.ThatMakesNoSenseIsRefusedWithPlaceAndSuggestion", "test_bad_input.py"),
            ),
        ),
    )


def _validation(found: Sequence[Judged]) -> Chapter:
    def count(verdict: str) -> int:
        return sum(one.verdict == verdict for one in found)

    judged = (
        f"{count(MISSES)} comparisons miss, {count(CANNOT)} cannot be judged, {count(AGREES)} agree, {count(KEPT)} keep a bound, {count(WAITING)} "
        f"wait for data. "
        f"{sum(one.stage == 'input' for one in found)} of them test an input, not the model."
    )
    return Chapter(
        "Validation evidence",
        (
            Item("Comparisons", judged, command="dermaflux validate"),
            Item(
                "Blind predictions",
                "Predictions are on disk, with their hash, before what was observed is opened.",
                (
                    "test_validate.py::test_nothing_observed_is_opened_before_the_predictions_are_on_disk",
                    "test_validate.py::test_a_changed_prediction_is_refused",
                ),
            ),
            Item(
                "Quality of the comparators",
                "Published numbers, most without raw data, from other sites, species, pigments and devices; each case says which. Read from "
                "abstracts where full texts were not at hand.",
            ),
            Item("Sections of scalp", "No measured profile of pigment against depth in scalp is at hand; the slots wait (D11, D12)."),
            Item("Extractor of sections", "Recovers the simulated profile of synthetic sections.", ("test_histology.py",), "dermaflux histology extract"),
        ),
    )


def _uncertainty() -> Chapter:
    return Chapter(
        "Uncertainty",
        (
            Item(
                "Input uncertainty",
                "Draws from the ranges of tissue, ink and hand, log-normal about the value; most ranges are estimates, and keys are drawn independently.",
                command="dermaflux validate --draws 64",
            ),
            Item("Sensitivity", "Sobol indices of the outcome.", command="dermaflux sensitivity configs/treatments/normal_scalp.toml --samples 128"),
            Item("Uncertainty of the comparators", "Stated in each case, with what the error is; estimated where the source gives none, and said so."),
            Item("Coverage of fitted intervals", "On synthetic data of known truth.", ("test_fit.py",), "bash validation/benchmark/run.sh --only fits"),
            Item("Form of the model", "One dot, axisymmetric; that the equations hold in scalp has not been tested by an experiment of ours."),
        ),
    )


def _applicability() -> Chapter:
    return Chapter(
        "Applicability",
        (
            Item("Limits of the model", "A setting beyond them gives a named warning with every run.", ("Validity.EveryLimitHasACaseThatPassesIt",)),
            Item(
                "Validation points against the context of use",
                "None of the cases has the settings, the ink and the skin of a clinical SMP session with depth measured. Body tattoos, "
                "microneedling, mice and pigs surround it.",
            ),
            Item("Scars", "Most numbers of the eight classes are estimates; one clinical series of ten patients."),
            Item("Machines", "One rotary pen, as its file describes it; no measured force or stroke has been compared."),
        ),
    )
