"""The card of a preset: one page, all that it says, nothing over its edges."""

import re
from pathlib import Path

import pytest
from preset_samples import sample

import dermaflux as df
from dermaflux.preset import save_preset, seal
from dermaflux.preset_card import card_figure, card_html, card_sections


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("card") / "a.preset.json"
    save_preset(sample(), path)
    return path


def overflowing() -> dict:
    """A preset with more to say than a page takes at full size."""
    preset = sample()
    preset["warnings"] = [f"warning {n}: " + "long " * 40 for n in range(12)]
    preset["alarms"] = [one | {"action": "pause and measure the thickness again"} for one in preset["alarms"] * 6]
    return seal({key: value for key, value in preset.items() if key != "sha256"})


def test_the_card_says_what_the_preset_says():
    preset = sample()
    text = " ".join(part for section in card_sections(preset) for row in (section.head, *section.rows) for part in row)
    for name, value in preset["settings"].items():
        assert f"{value:g}" in text, name
    for alarm in preset["alarms"]:
        assert alarm["name"] in text and alarm["quantity"] in text and alarm["action"] in text
    for word in ("2 to 3 sessions", "none before day 6", *preset["sessions"]["purposes"], "between 0.250 and 0.400 mm", "machine.frequency_hz"):
        assert word in text
    for word in (preset["needle"]["model"], preset["ink"]["model"], preset["machine"]["model"], *preset["intended_use"]["contraindications"]):
        assert word in text
    assert [section.title for section in card_sections(preset)][0] == "Warnings"
    assert preset["sha256"] in card_html(preset)


@pytest.mark.parametrize("preset", [sample(), overflowing()], ids=["sample", "overflowing"])
def test_nothing_lies_over_the_edge_of_the_page(preset: dict):
    figure = card_figure(preset)
    figure.canvas.draw()
    wide, high = figure.get_size_inches() * figure.dpi
    for text in figure.texts:
        box = text.get_window_extent()
        assert 0.0 <= box.x0 and box.x1 <= wide and 0.0 <= box.y0 and box.y1 <= high, text.get_text()


def test_the_pdf_is_one_page_and_the_same_bytes_each_time(cli, file: Path, tmp_path: Path):
    for name in ("a.pdf", "b.pdf"):
        done = cli("preset", "card", file, "-o", tmp_path / name)
        assert done.code == 0 and f"written: {tmp_path / name}" in done.out, done.err
    first = (tmp_path / "a.pdf").read_bytes()
    assert first == (tmp_path / "b.pdf").read_bytes()
    assert len(re.findall(rb"/Type /Page\b", first)) == 1


def test_the_html_loads_nothing(cli, file: Path, tmp_path: Path):
    assert cli("preset", "card", file, "-o", tmp_path / "card.html").code == 0
    html = (tmp_path / "card.html").read_text()
    assert "Content-Security-Policy" in html and not re.search(r"<(script|img|link|iframe)\b", html)


def test_what_a_preset_says_cannot_become_a_tag():
    preset = sample()
    preset["preset"]["title"] = "<script>"
    preset["alarms"][0]["action"] = "<b>stop</b>"
    html = card_html(preset)
    assert "<script>" not in html and "<b>stop" not in html and "&lt;script&gt;" in html


@pytest.mark.parametrize("name", ["card.txt", "card", "none/card.pdf"])
def test_a_name_that_is_no_card_is_refused(cli, file: Path, tmp_path: Path, name: str):
    done = cli("preset", "card", file, "-o", tmp_path / name)
    assert done.code == 2 and name.split("/")[-1] in done.err and not (tmp_path / name).exists()


def test_a_preset_that_is_refused_gets_no_card(cli, file: Path, tmp_path: Path):
    (tmp_path / "bad.json").write_bytes(file.read_bytes().replace(b"research", b"released", 1))
    done = cli("preset", "card", tmp_path / "bad.json", "-o", tmp_path / "card.pdf")
    assert done.code == 2 and not (tmp_path / "card.pdf").exists()
    with pytest.raises(df.InputError):
        df.load_preset(tmp_path / "bad.json")
