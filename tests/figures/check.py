"""What other programs make of the gallery's figures.

    python tests/figures/check.py DIRECTORY [--draw]     (needs plotly and pillow; see run.sh)

DIRECTORY holds what `toolkit/examples/gallery.rs` wrote: JSON, PNG and PDF of each figure.
- plotly's own classes accept the JSON: an unknown key or a value out of range is an error there.
- `pdftoppm` draws the PDF as the PNG is, and `pdftotext` finds the title, Korean letters included.
- With --draw, chromium draws the JSON with plotly's script, without a network; `sheet-*.png` show both renderers side by side.
"""

import argparse
import base64
import html
import json
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

import plotly
import plotly.graph_objects as go
from PIL import Image, ImageChops, ImageFilter, ImageStat

# Edges are drawn by another rasteriser; blurred, the pictures are alike.
BLUR = 3
LARGEST_MEAN_DIFFERENCE = 2.0  # of 255


def accepted(directory):
    files = sorted(directory.glob("*.json"))
    assert files, f"no JSON in {directory}"
    for file in files:
        figure = json.loads(file.read_text())
        try:
            go.Figure(data=figure["data"], layout=figure["layout"], frames=figure.get("frames"))
        except ValueError as error:
            sys.exit(f"{file.name}: plotly does not accept it: {error}")
    print(f"plotly {plotly.__version__} accepts {len(files)} figures")


def title(file):
    return re.sub("<[^>]*>", "", json.loads(file.read_text())["layout"].get("title", {}).get("text", "").replace("<br>", " "))


def letters(text):
    """Without white space and raised digits, which PDF writes as small ordinary ones."""
    plain = html.unescape(text).translate(str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻−", "0123456789--"))
    return re.sub(r"\s", "", plain)


def pdf(directory):
    if not (shutil.which("pdftoppm") and shutil.which("pdftotext")):
        print("the PDFs are not checked: there is no poppler (Debian: apt-get install poppler-utils)")
        return
    worst = (0, "")
    files = sorted(directory.glob("*.pdf"))
    with tempfile.TemporaryDirectory() as folder:
        for file in files:
            png = Image.open(file.with_suffix(".png")).convert("RGB").filter(ImageFilter.GaussianBlur(BLUR))
            out = pathlib.Path(folder) / file.stem
            subprocess.run(["pdftoppm", "-r", "96", "-scale-to-x", str(png.width), "-scale-to-y", str(png.height), "-singlefile", "-png",
                            str(file), str(out)], check=True)
            drawn = Image.open(out.with_suffix(".png")).convert("RGB").filter(ImageFilter.GaussianBlur(BLUR))
            difference = sum(ImageStat.Stat(ImageChops.difference(png, drawn)).mean) / 3
            worst = max(worst, (difference, file.name))
            assert difference < LARGEST_MEAN_DIFFERENCE, f"{file.name} differs from its PNG by {difference:.2f} of 255"
            text = subprocess.run(["pdftotext", str(file), "-"], check=True, capture_output=True, text=True).stdout
            wanted = title(file.with_suffix(".json"))
            assert letters(wanted) in letters(text), f"{file.name}: `{wanted}` is not in {text!r}"
    print(f"{len(files)} PDFs match their PNGs (largest mean difference {worst[0]:.2f} of 255, {worst[1]}) and can be searched")


def drawn_by_plotly(directory):
    script = pathlib.Path(plotly.__file__).parent / "package_data/plotly.min.js"
    files = sorted(directory.glob("*.json"))
    figures = []
    for file in files:
        width, _ = Image.open(file.with_suffix(".png")).size
        figures.append({"name": file.stem, "width": width, "figure": json.loads(file.read_text())})
    source = script.read_text().replace("</script", "<\\/script")
    data = json.dumps(figures).replace("</", "<\\/")
    page = f"""<!DOCTYPE html><meta charset="utf-8"><script>{source}</script>
<body><script>
const figures = {data};
(async () => {{
  const out = {{}};
  for (const {{name, width, figure}} of figures) {{
    const place = document.createElement('div');
    document.body.append(place);
    await Plotly.newPlot(place, figure.data, {{...figure.layout, width}}, {{staticPlot: true}});
    out[name] = await Plotly.toImage(place, {{format: 'png', width, height: figure.layout.height}});
    Plotly.purge(place);
    place.remove();
  }}
  const result = document.createElement('pre');
  result.id = 'result';
  result.textContent = JSON.stringify(out);
  document.body.append(result);
}})();
</script>"""
    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder) / "page.html"
        file.write_text(page)
        done = subprocess.run(
            ["chromium", "--headless=new", "--no-sandbox", "--disable-quic", "--no-first-run", "--disable-background-networking",
             "--disable-component-update", "--disable-sync", "--enable-unsafe-swiftshader", "--host-resolver-rules=MAP * ~NOTFOUND",
             f"--user-data-dir={folder}/profile", "--virtual-time-budget=600000", "--timeout=600000", "--dump-dom", file.as_uri()],
            check=True, capture_output=True, text=True, timeout=900)
    found = re.search(r'<pre id="result">(.*?)</pre>', done.stdout, re.S)
    assert found, "chromium drew nothing"
    images = json.loads(html.unescape(found[1]))
    folder = directory / "plotly"
    folder.mkdir(exist_ok=True)
    for name, address in images.items():
        picture = folder / f"{name}.png"
        picture.write_bytes(base64.b64decode(address.split(",", 1)[1]))
        image = Image.open(picture).convert("RGB")
        background = Image.new("RGB", image.size, image.getpixel((1, 1)))
        ink = ImageStat.Stat(ImageChops.difference(image, background).convert("L").point(lambda v: 255 if v > 24 else 0)).mean[0] / 255
        assert ink > 0.005, f"{name}: plotly's picture is blank"
    for name in sorted({re.sub("-(light|dark)$", "", name) for name in images}):
        sheet(directory, name).save(directory / f"sheet-{name}.png")
    print(f"plotly drew {len(images)} figures; {directory}/sheet-*.png show both renderers (ours on the left)")


def sheet(directory, name):
    rows = [[Image.open(directory / f"{name}-{theme}.png").convert("RGB"), Image.open(directory / "plotly" / f"{name}-{theme}.png").convert("RGB")]
            for theme in ("light", "dark")]
    width = max(a.width + b.width for a, b in rows)
    heights = [max(a.height, b.height) for a, b in rows]
    out = Image.new("RGB", (width, sum(heights)), (128, 128, 128))
    y = 0
    for (a, b), height in zip(rows, heights):
        out.paste(a, (0, y))
        out.paste(b, (a.width, y))
        y += height
    return out


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("directory", type=pathlib.Path)
    parser.add_argument("--draw", action="store_true")
    arguments = parser.parse_args()
    accepted(arguments.directory)
    pdf(arguments.directory)
    if arguments.draw:
        drawn_by_plotly(arguments.directory)


main()
