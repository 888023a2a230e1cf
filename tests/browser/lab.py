"""Kiln in a real browser: JupyterLab runs the quickstart, interrupts a training and completes a method, and nbconvert's
page shows the figures without a network.

    python tests/browser/lab.py NOTEBOOK OUT          (needs selenium, chromium, chromedriver; see run.sh)

Writes screenshots to OUT and fails if a figure is missing.
"""

import json
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time

from selenium import webdriver
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

FIGURES = 4  # of the quickstart, with the one that its training leaves
PLOTS = ".jp-RenderedPlotly .plot-container"
CELLS = ".jp-Notebook .jp-CodeCell"
# A training that takes minutes, a look at what is left of it, and the beginning of a method's name.
INTERRUPTED = [
    """use kiln::prelude::*;
let data = datasets::fashion_mnist::embedded()?;
let mut model = Sequential::new()
    .add(Flatten::new().input_shape([28, 28]))
    .add(Dense::new(300).activation("relu"))
    .add(Dense::new(10).activation("softmax"));
model.compile("adam", "sparse_categorical_crossentropy", ["accuracy"])?;
let history = model.fit(&data.train_x(), &data.train_y()).epochs(1000).run()?;""",
    'println!("kept: {} of {:?}", history.get("loss").len() < 1000, model.predict(&data.test_x().rows(..2)?)?.shape());',
    "model.s",
]


def browser():
    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium") or "chromium"
    for argument in ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
                     "--disable-background-networking", "--disable-component-update", "--disable-sync",
                     "--window-size=1400,5200", "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
                     f"--user-data-dir={tempfile.mkdtemp()}"]:
        options.add_argument(argument)
    return webdriver.Chrome(options=options, service=webdriver.ChromeService(shutil.which("chromedriver")))


def wait(what, condition, seconds):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
        time.sleep(0.2)
    raise SystemExit(f"{what}: not within {seconds} s")


def lab(notebook, out):
    """Run All in JupyterLab: the plots are there, interactive, and the accuracy is printed."""
    root = pathlib.Path(tempfile.mkdtemp())
    shutil.copy(notebook, root / "notebook.ipynb")
    started = time.monotonic()
    server = subprocess.Popen(
        ["cargo", "lab", "--no-browser", "--", f"--ServerApp.root_dir={root}", "--IdentityProvider.token=kiln",
         "--LabApp.news_url=None"],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    driver = None
    try:
        address, log = None, []
        for line in server.stdout:
            log.append(line)
            if found := re.search(r"http://(127\.0\.0\.1|localhost):(\d+)/lab", line):
                address = f"http://127.0.0.1:{found[2]}"
                break
        if address is None:
            raise SystemExit("JupyterLab did not start:\n" + "".join(log))
        print(f"JupyterLab answered after {time.monotonic() - started:.1f} s")
        # Its messages go on; nobody reads them, so they must not fill the pipe.
        subprocess.Popen(["cat"], stdin=server.stdout, stdout=subprocess.DEVNULL)
        driver = browser()
        driver.get(f"{address}/lab/tree/notebook.ipynb?token=kiln&reset")
        wait("the notebook", lambda: driver.find_elements(By.CSS_SELECTOR, ".jp-Notebook .jp-CodeCell"), 60)
        wait("the kernel", lambda: driver.find_elements(By.CSS_SELECTOR, ".jp-Notebook-ExecutionIndicator[data-status=idle]"), 120)
        menu(driver, "Edit", "Clear Outputs of All Cells")
        wait("cleared outputs", lambda: not driver.find_elements(By.CSS_SELECTOR, PLOTS), 20)
        menu(driver, "Run", "Run All Cells")
        seen = set()

        def progress():
            # In one call: outputs are replaced while one looks. JupyterLab shows an SVG as a picture with its text as address.
            seen.update(driver.execute_script(
                "return [...document.querySelectorAll('.jp-OutputArea-output img')].map(e => decodeURIComponent(e.src))"
                ".filter(t => t.includes('>Epoch ')).map(t => t.match(/>Epoch [^<]*/)[0] + t.length)"))
            if len(seen) == 3:
                driver.save_screenshot(str(out / "lab-training.png"))
            return len(driver.find_elements(By.CSS_SELECTOR, PLOTS)) >= FIGURES

        try:
            wait(f"{FIGURES} interactive figures", progress, 120)
        except SystemExit:
            driver.save_screenshot(str(out / "failed.png"))
            raise
        errors = driver.find_elements(By.CSS_SELECTOR, '[data-mime-type="application/vnd.jupyter.stderr"], .jp-RenderedText[data-mime-type*="error"]')
        assert not errors, [error.text for error in errors]
        print(f"live progress: {len(seen)} states seen")
        assert len(seen) >= 2, "the progress did not move"
        for number, plot in enumerate(driver.find_elements(By.CSS_SELECTOR, PLOTS)[:FIGURES]):
            driver.execute_script("arguments[0].scrollIntoView({block: 'center'})", plot)
            time.sleep(0.7)
            driver.save_screenshot(str(out / f"lab-{number}.png"))
        interrupt(driver, address, root, out)
    finally:
        if driver:
            driver.quit()
        server.terminate()
        try:
            server.wait(20)
        except subprocess.TimeoutExpired:
            server.kill()


def interrupt(driver, address, root, out):
    """Interrupts a training: the cell says so, and its model is there. Then the completion of a method's name."""
    notebook = json.loads((root / "notebook.ipynb").read_text())
    notebook["cells"] = [
        {"cell_type": "code", "id": f"cell-{number}", "metadata": {}, "execution_count": None, "outputs": [], "source": code}
        for number, code in enumerate(INTERRUPTED)]
    (root / "interrupted.ipynb").write_text(json.dumps(notebook))
    driver.get(f"{address}/lab/tree/interrupted.ipynb?reset")
    wait("the second notebook", lambda: len(driver.find_elements(By.CSS_SELECTOR, CELLS)) == len(INTERRUPTED), 60)
    wait("its kernel", lambda: driver.find_elements(By.CSS_SELECTOR, ".jp-Notebook-ExecutionIndicator[data-status=idle]"), 120)

    def edit(number):
        driver.find_elements(By.CSS_SELECTOR, CELLS)[number].find_element(By.CSS_SELECTOR, ".cm-content").click()
        ActionChains(driver).key_down(Keys.CONTROL).send_keys(Keys.END).key_up(Keys.CONTROL).perform()

    def run(number):
        edit(number)
        ActionChains(driver).key_down(Keys.CONTROL).send_keys(Keys.ENTER).key_up(Keys.CONTROL).perform()

    def text(number):
        found = driver.find_elements(By.CSS_SELECTOR, CELLS)[number].find_elements(By.CSS_SELECTOR, ".jp-OutputArea-output")
        return "\n".join(output.text for output in found)

    run(0)
    wait("the training's view", lambda: driver.execute_script(
        "return [...document.querySelectorAll('.jp-OutputArea-output img')].some(e => decodeURIComponent(e.src).includes('>Epoch '))"), 120)
    menu(driver, "Kernel", "Interrupt Kernel")
    wait("the word of the interrupt", lambda: "Interrupted" in text(0), 30)
    driver.save_screenshot(str(out / "lab-interrupted.png"))
    run(1)
    wait("the model of the interrupted cell", lambda: "kept: true of" in text(1), 60)
    print(f"after an interrupt: {text(1)}")
    edit(2)
    ActionChains(driver).send_keys(Keys.TAB).perform()
    wait("the list of the model's methods", lambda: driver.execute_script(
        "return [...document.querySelectorAll('.jp-Completer-item')].some(e => e.textContent.includes('summary'))"), 60)
    driver.save_screenshot(str(out / "lab-completion.png"))
    print("a method of the toolkit is completed")


def menu(driver, name, entry):
    for item in driver.find_elements(By.CSS_SELECTOR, ".lm-MenuBar-item"):
        if item.text == name:
            item.click()
    found = wait(f"the menu {name}", lambda: [
        item for item in driver.find_elements(By.CSS_SELECTOR, ".lm-Menu-item .lm-Menu-itemLabel") if item.text == entry], 20)
    found[0].click()
    ActionChains(driver).send_keys(Keys.NULL).perform()


def page(notebook, out, python):
    """nbconvert's HTML, opened from the disk with every host out of reach: the SVGs are drawn."""
    subprocess.run([python, "-m", "nbconvert", "--to", "html", "--output-dir", str(out.absolute()), "--output", "page.html",
                    str(notebook)], check=True, capture_output=True)
    driver = browser()
    try:
        driver.get((out / "page.html").absolute().as_uri())
        time.sleep(1)
        widths = driver.execute_script(
            "return [...document.images].filter(i => i.src.startsWith('data:image/svg')).map(i => i.naturalWidth)"
            ".concat([...document.querySelectorAll('.jp-RenderedSVG svg')].map(s => s.getBoundingClientRect().width))")
        assert sum(width > 100 for width in widths) >= FIGURES, widths
        driver.save_screenshot(str(out / "page.png"))
        print(f"nbconvert's page shows {len(widths)} figures without a network")
    finally:
        driver.quit()


def main():
    notebook, out, python = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]), sys.argv[3]
    out.mkdir(parents=True, exist_ok=True)
    page(notebook, out, python)
    lab(notebook, out)


if __name__ == "__main__":
    main()
