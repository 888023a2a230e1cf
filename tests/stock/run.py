"""Executes notebooks with the kernel `stock-rust`, the toolkit added by `:dep`, and compares what they print and draw.

    python3 tests/stock/run.py NOTEBOOK...

A failing cell is no error to stock evcxr: what it writes to the standard error is searched for a panic. Progress bars are
left out, since stock evcxr hands over what a cell printed when it ends.
"""

import pathlib
import sys
import time

import nbclient
import nbformat

ROOT = pathlib.Path(__file__).resolve().parents[2]
FIGURE = "image/svg+xml"


def printed(cell, stream):
    texts = [output.text for output in cell.get("outputs", []) if output.get("name") == stream]
    return "".join(texts).strip()


def figures(cell):
    return sum(FIGURE in output.get("data", {}) for output in cell.get("outputs", []))


def trouble(ran, committed):
    errors = [output for output in ran.get("outputs", []) if output["output_type"] == "error"]
    if errors:
        return f"{errors[0]['ename']}: {errors[0]['evalue']}"
    if "panicked at" in printed(ran, "stderr"):
        return printed(ran, "stderr")
    if figures(ran) != figures(committed):
        return f"{figures(ran)} figures; {figures(committed)} are committed"
    live = any("\r" in text or "█" in text or "━" in text for text in (printed(ran, "stdout"), printed(committed, "stdout")))
    if not live and printed(ran, "stdout") != printed(committed, "stdout"):
        return f"printed\n{printed(ran, 'stdout')}\nbut committed is\n{printed(committed, 'stdout')}"
    return None


failed = 0
for path in sys.argv[1:]:
    committed = nbformat.read(path, 4)
    notebook = nbformat.read(path, 4)
    dependency = nbformat.v4.new_code_cell(f':dep kiln = {{ path = "{ROOT / "toolkit"}" }}')
    notebook.cells.insert(0, dependency)
    began = time.monotonic()
    nbclient.NotebookClient(notebook, kernel_name="stock-rust", timeout=1800, allow_errors=True).execute()
    troubles = [(cell.id, trouble(cell, was)) for cell, was in zip(notebook.cells[1:], committed.cells) if cell.cell_type == "code"]
    for cell, words in troubles:
        if words:
            failed += 1
            print(f"{path}, cell {cell}: {words}", file=sys.stderr)
    print(f"{path}: {len(troubles)} cells on stock evcxr_jupyter, {time.monotonic() - began:.0f} s")
sys.exit(f"{failed} cells differ" if failed else 0)
