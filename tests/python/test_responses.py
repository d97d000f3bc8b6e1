"""What each input does: the table of validation/responses is complete, and the model does what it records."""

import sys

import pytest
from conftest import ROOT

sys.path.insert(0, str(ROOT / "validation" / "responses"))
import draw  # noqa: E402

RESPONSES = draw.responses()
SIGNS = {"+", "-", "peak", "dip", "mixed", "none", "fails"}


def asked(response: draw.Response) -> list:
    """The ends of the range where they tell the sign, else every value."""
    return [response.values[0], response.values[-1]] if response.recorded in "+-" else response.values


@pytest.fixture(scope="module")
def outputs() -> dict[tuple[str, str], list[float]]:
    """All responses in one batch on the quick grid."""
    found, _ = draw.answers([(response, asked(response)) for response in RESPONSES], "quick")
    return {(response.key, response.output): values for response, values in zip(RESPONSES, found, strict=True)}


@pytest.mark.parametrize("response", RESPONSES, ids=lambda response: f"{response.key}-{response.output}")
def test_the_model_responds_as_the_table_records(outputs: dict, response: draw.Response):
    values = outputs[response.key, response.output]
    assert draw.direction(values) == response.recorded, f"{response.key} = {asked(response)} gives {response.output} = {values}"


def test_every_key_is_in_the_table_or_says_why_not():
    excused = {entry["key"] for entry in draw.table()["no_response"]}
    named = {response.key for response in RESPONSES}
    assert not draw.expected_keys() - named - excused
    assert not excused & named


def test_a_disagreement_is_explained_and_no_input_is_without_effect():
    for response in RESPONSES:
        assert response.sign in SIGNS - {"mixed", "none", "fails"} and response.recorded in SIGNS and response.why
        assert bool(response.obtained) == bool(response.note) and response.obtained != response.sign, response.key
    for key in {response.key for response in RESPONSES}:
        assert any(response.recorded != "none" for response in RESPONSES if response.key == key), f"{key} moves nothing"


def test_no_response_is_asked_twice():
    assert len({(response.key, response.output) for response in RESPONSES}) == len(RESPONSES)


def test_the_written_table_is_that_of_the_predictions():
    text = (draw.HERE / "README.md").read_text()
    lines = [line.split(" | ") for line in text.splitlines() if line.startswith("| ")]
    rows = {(cells[0].removeprefix("| ").split(" [")[0], cells[2].split(" [")[0]): cells for cells in lines}
    for response in RESPONSES:
        cells = rows[response.key, response.output]
        assert [cells[4], cells[5].strip("*")] == [response.sign, response.recorded], response.key
        assert cells[6].startswith(response.why), response.key


@pytest.mark.parametrize(
    ("values", "expected"),
    [([1, 2, 3], "+"), ([3, 1], "-"), ([1, 3, 2], "peak"), ([3, 1, 2], "dip"), ([1, 3, 2, 4], "mixed"), ([1, 1], "none")]
    + [([1, 2, 1.995], "+"), ([1, 1 + 1e-6], "none"), ([1, float("nan")], "fails")],
)
def test_the_direction_of_a_series(values: list[float], expected: str):
    assert draw.direction(values) == expected

