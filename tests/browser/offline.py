"""What `kiln export`, `kiln slides` and `kiln site` write, opened in a browser with every host out of reach.

    python tests/browser/offline.py KILN NOTEBOOK ANIMATED OUT     (needs selenium, chromium, chromedriver; see run.sh)

ANIMATED is a notebook with an animated figure.
Writes the files and screenshots to OUT, and fails if a figure does not become interactive.
"""

import json
import pathlib
import subprocess
import sys

from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from lab import browser, wait

DRAWN = ".js-plotly-plot .main-svg"


def drawn(driver, what):
    wait(what, lambda: driver.find_elements(By.CSS_SELECTOR, DRAWN), 30)
    width = driver.execute_script(f"return document.querySelector('{DRAWN}').getBoundingClientRect().width")
    assert width > 200, (what, width)
    assert driver.execute_script("return typeof Plotly.version") == "string"


def quiet(driver):
    """Nothing was asked of the network, and no script failed."""
    resources = driver.execute_script("return performance.getEntriesByType('resource').map(r => r.name)")
    assert all(name.startswith(("file:", "data:", "blob:")) for name in resources), resources
    severe = [entry for entry in driver.get_log("browser") if entry["level"] == "SEVERE"]
    assert not severe, severe


def figures(kiln, notebook, out):
    subprocess.run([kiln, "export", notebook, "--to", "html", "--out", out / "figures"], check=True, stdout=subprocess.DEVNULL)
    pages = sorted((out / "figures").glob("*.html"))
    assert pages, "no figure was exported"
    for page in pages:
        driver = browser()
        try:
            driver.get(page.absolute().as_uri())
            drawn(driver, page.name)
            quiet(driver)
            driver.save_screenshot(str(page.with_suffix(".png")))
        finally:
            driver.quit()
    print(f"{len(pages)} exported pages are interactive without a network")


def animation(kiln, notebook, out):
    """Each frame of an animated figure is drawn with as many points as it has, forwards and backwards."""
    subprocess.run([kiln, "export", notebook, "--to", "html,json", "--out", out / "animated"], check=True, stdout=subprocess.DEVNULL)
    figures = {file: json.loads(file.read_text(encoding="utf-8")) for file in sorted((out / "animated").glob("*.json"))}
    file, figure = next((file, figure) for file, figure in figures.items() if figure.get("frames"))
    driver = browser()
    try:
        driver.get(file.with_suffix(".html").absolute().as_uri())
        drawn(driver, file.name)
        steps = figure["layout"]["sliders"][0]["steps"]
        ground = "return document.querySelectorAll('.contourlayer path').length"
        contours = driver.execute_script(ground)
        assert contours, "no contours"
        for number in (len(steps) // 2, 0, len(steps) - 1):
            step, frame = steps[number], figure["frames"][number]
            name = frame["name"]
            assert step["args"][0] == [name], step
            driver.execute_async_script(
                "const [args, done] = arguments; Plotly.animate(document.querySelector('.js-plotly-plot'), ...args).then(() => setTimeout(done, 100))",
                step["args"])
            assert driver.execute_script(ground) == contours, f"frame {name} has other contours"
            state = driver.execute_script("return document.querySelector('.js-plotly-plot').data.map(t => [t.type, t.x, t.y])")
            for index, trace in zip(frame["traces"], frame["data"]):
                assert state[index] == [trace["type"], trace["x"], trace["y"]], (name, index)
            assert all(trace[1] for trace in state if trace[0] == "scatter"), name
            driver.save_screenshot(str(out / f"animated-{name}.png"))
        quiet(driver)
    finally:
        driver.quit()
    print(f"{len(steps)} frames of an animation are shown in any order without a network")


def slides(kiln, notebook, out):
    deck = out / "slides.html"
    subprocess.run([kiln, "slides", notebook, "--live", "--out", deck], check=True, stdout=subprocess.DEVNULL)
    driver = browser()
    try:
        driver.set_window_size(1280, 800)
        driver.get(deck.absolute().as_uri())
        count = len(driver.find_elements(By.CSS_SELECTOR, ".slide"))
        shown, seen_figure = [], False
        body = driver.find_element(By.TAG_NAME, "body")
        for _ in range(10 * count):
            shown.append(driver.execute_script("return location.hash"))
            visible = driver.find_elements(By.CSS_SELECTOR, ".slide.is-shown")
            assert len(visible) == 1, len(visible)
            if visible[0].find_elements(By.CSS_SELECTOR, "[data-figure]"):
                wait("a figure on a slide", lambda: visible[0].find_elements(By.CSS_SELECTOR, DRAWN), 30)
                seen_figure = True
                driver.save_screenshot(str(out / f"slide-{len(shown)}.png"))
            if shown[-1] == f"#{count}":
                break
            body.send_keys(Keys.ARROW_RIGHT)
        assert shown[-1] == f"#{count}" and seen_figure, shown
        quiet(driver)
    finally:
        driver.quit()
    print(f"the deck of {count} slides is shown to its end without a network")


def site(kiln, notebook, out):
    subprocess.run([kiln, "site", notebook, "--out", out / "site", "--title", "딥러닝의 한계"], check=True, stdout=subprocess.DEVNULL)
    driver = browser()
    try:
        driver.get((out / "site/index.html").absolute().as_uri())
        cover = "return document.querySelector('.index .card img').naturalWidth"
        wait("the picture in the index", lambda: driver.execute_script(cover) > 0, 10)
        driver.find_element(By.CSS_SELECTOR, ".index .card").click()
        wait("the figures of the page", lambda: len(driver.find_elements(By.CSS_SELECTOR, ".js-plotly-plot")) ==
             len(driver.find_elements(By.CSS_SELECTOR, "[data-figure]")) > 0, 30)
        drawn(driver, "the page")
        quiet(driver)
        driver.save_screenshot(str(out / "site.png"))
    finally:
        driver.quit()
    print("the site's page is interactive without a network")


def main():
    kiln, notebook, animated, out = (pathlib.Path(argument) for argument in sys.argv[1:])
    out.mkdir(parents=True, exist_ok=True)
    figures(kiln, notebook, out)
    animation(kiln, animated, out)
    slides(kiln, notebook, out)
    site(kiln, notebook, out)


main()
