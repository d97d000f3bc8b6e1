"""Reports in a browser (headless Chromium): no error, nothing from a network, every figure drawn, readable on a phone and on a wide screen."""

import base64
import io
import json
import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from calibration_samples import small_calibration, without_table
from fit_samples import CLUSTER, HOP, UPTAKE, answering, fit_file, value
from matplotlib.image import imread
from validation_samples import case_folder

import dermaflux as df
from dermaflux import judging, predictions, study
from dermaflux.calibration import Calibration
from dermaflux.cases import read_cases
from dermaflux.preset_card import card_html
from dermaflux.report import calibration_report, fit_report, run_report, set_report
from dermaflux.validation_report import validation_report
from dermaflux.verification import benchmarks

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here (Debian's package chromium)")

PROBE = """
const facts = {
  width: innerWidth, page: document.documentElement.scrollWidth, pictures: [...document.images].map((one) => [one.alt, one.naturalWidth, one.width]),
  smallest: Math.min(...[...document.querySelectorAll("p, td, th, li, dd, dt")].filter((one) => one.textContent.trim()).map((one) => parseFloat(getComputedStyle(one).fontSize))),
};
const title = document.getElementById("setting-title");
if (title) {
  const pixels = () => document.getElementById("setting-dot").toDataURL();
  facts.first = title.textContent;
  facts.shown = [];
  document.querySelectorAll(".map td[data-n]").forEach((cell) => {
    cell.dispatchEvent(new MouseEvent("mouseenter"));
    facts.shown.push([title.textContent, document.getElementById("setting-figures").innerText, pixels(), cell.textContent]);
  });
}
parent.postMessage(JSON.stringify(facts), "*");
"""
# A frame may be narrower than a window of the browser.
FRAME = """<!doctype html><body style="margin:0"><script>
addEventListener("message", (event) => { document.documentElement.dataset.facts = event.data; });
</script><iframe src="page.html" style="border:0;width:WIDTHpx;height:1200px"></iframe></body>
"""


def browse(html: str, folder: Path, width: int) -> tuple[dict, list[str]]:
    """What the page says of itself in a window so wide, and what the browser's console holds."""
    (folder / "page.html").write_text(html.replace("</body>", f"<script>addEventListener('load', () => {{{PROBE}}})</script></body>"))
    (frame := folder / "frame.html").write_text(FRAME.replace("WIDTH", str(width)))
    done = subprocess.run(
        [
            CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--disable-background-networking",
            "--disable-component-update", "--host-resolver-rules=MAP * ~NOTFOUND", f"--user-data-dir={folder / 'profile'}", "--window-size=1700,1300",
            "--enable-logging=stderr", "--virtual-time-budget=5000", "--dump-dom", frame.as_uri(),
        ],
        capture_output=True, text=True, timeout=120, check=True,
    )  # fmt: skip
    found = re.search(r'data-facts="([^"]*)"', done.stdout)
    assert found, done.stderr[-2000:]
    unescaped = found.group(1).replace("&quot;", '"').replace("&lt;", "<").replace("&gt;", ">").replace("&nbsp;", " ").replace("&amp;", "&")
    return json.loads(unescaped), [line for line in done.stderr.splitlines() if "CONSOLE" in line]


@pytest.fixture(scope="module")
def calibrated(tmp_path_factory: pytest.TempPathFactory) -> Calibration:
    path = small_calibration(tmp_path_factory.mktemp("calibration"), [0.3, 0.5], [100, 200], 4)
    return df.calibrate(without_table(path, path), "normal")


@pytest.fixture(scope="module")
def fitted(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The report of a fit of three keys to two numbers, an engine in closed form."""
    path = fit_file(tmp_path_factory.mktemp("fit"), value("contrast_1y", 0.3, 0.02), value("fwhm_mm_1y", 0.2, 0.02, "mm"),
                    keys=(UPTAKE, CLUSTER, HOP), steps=1000)  # fmt: skip
    respond = lambda z: {"contrast_1y": 0.4 + 0.1 * (z[0] + z[1]), "fwhm_mm_1y": 0.2 + 0.05 * z[2]}  # noqa: E731
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(study, "run_batch", answering(df.plan_fit(path).prior, respond))
        return fit_report(df.fit(df.plan_fit(path), path.with_name("fit.h5")))


@pytest.fixture(scope="module")
def pages(calibrated: Calibration, fitted: str, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    run = df.run(df.load(df.configs() / "treatments/normal_scalp.toml", {"machine.dwell_ms": 50}), grid="quick")
    data = df.open_run(run.save(tmp_path_factory.mktemp("run") / "run.h5"))
    member = df.SetMember("normal", "round_liner_1_025_long", "carbon_black_smp", "0" * 64,
                          "fit.h5 " + "2" * 64, "x.preset.json", "1" * 64, 0.3, 250.0, 0.78, 0.07)
    return {"calibration": calibration_report(calibrated), "run": run_report(data), "set": set_report([member]),
            "card": card_html(calibrated.preset), "fit": fitted,
            "validation": validated(tmp_path_factory.mktemp("data"))}  # fmt: skip


def validated(folder: Path) -> str:
    """The report of a small validation, with a profile."""
    cases = read_cases(case_folder(folder, profile=True))
    made = predictions.predict(predictions.plan_predictions(cases), folder / "out.predictions.json")
    return validation_report(judging.judge(cases, made), made, [(one, one.live() if one.live else []) for one in benchmarks()], [("grid", "quick")])


@pytest.mark.parametrize("width", [400, 1600])
@pytest.mark.parametrize("name", ["calibration", "run", "set", "card", "fit", "validation"])
def test_a_page_is_drawn_and_readable(pages: dict[str, str], tmp_path: Path, name: str, width: int):
    facts, console = browse(pages[name], tmp_path, width)
    assert console == [], console  # errors, and everything that the policy of the page has kept from a network
    assert facts["width"] == width and facts["page"] <= width, facts["page"]
    assert facts["smallest"] >= 10.0
    assert len(facts["pictures"]) == pages[name].count("<img ")
    for alt, natural, shown in facts["pictures"]:
        assert natural > 100 and 100 < shown <= width, alt


def test_what_a_page_would_fetch_is_stopped_and_said(pages: dict[str, str], tmp_path: Path):
    """That the console test can fail."""
    _, console = browse(pages["set"].replace("</body>", '<img src="https://example.org/x.png"></body>'), tmp_path, 400)
    assert any("Content Security Policy" in line for line in console)


def test_a_setting_that_is_pointed_at_shows_its_figures_and_its_dot(pages: dict[str, str], calibrated: Calibration, tmp_path: Path):
    facts, console = browse(pages["calibration"], tmp_path, 1600)
    assert console == []
    best = calibrated.best
    assert facts["first"] == f"{best['depth_mm']:g} mm, {best['dwell_ms']:g} ms"
    settings = [(depth, dwell) for depth in (0.3, 0.5) for dwell in (100.0, 200.0)]
    assert [title for title, *_ in facts["shown"]] == [f"{depth:g} mm, {dwell:g} ms" for depth, dwell in settings]
    for (depth, dwell), (_, figures, pixels, cell) in zip(settings, facts["shown"], strict=True):
        at = {"depth_mm": depth, "dwell_ms": dwell}
        share = float(calibrated.probability.sel(at))
        assert cell == f"{100 * share:.0f}" and f"{100 * share:.0f} %" in figures
        for rule in calibrated.file.criteria:
            assert f"keeps {rule.name}" in figures
        contrast = float(calibrated.outputs["contrast_1y"].sel(at).median())
        assert f"{contrast:.3g} (" in figures
        # Linear light of the centre over that of the skin; a byte of an sRGB channel is 1 % of such light.
        picture = imread(io.BytesIO(base64.b64decode(pixels.split(",")[1])))[:, :, :3]
        linear = ((picture + 0.055) / 1.055) ** 2.4
        np.testing.assert_allclose(linear[90, 90] / linear[0, -1], 1.0 - contrast, atol=0.03)
