"""Compares a notebook that was just executed with its committed outputs.

    python3 tests/notebooks/check.py EXECUTED COMMITTED

Cells, kinds of output and texts must be the same; numbers in texts may differ by 2 % or 0.01. Pictures are compared by their
kinds only. On a processor with other instructions than the one that made the outputs (`processor.txt`), sums are rounded
otherwise, and a training goes another way in the end: there the texts are compared without their numbers, and what must hold
is in the notebooks' own assertions.
"""

import json
import pathlib
import re
import sys

NUMBER = re.compile(r"-?\d+\.\d+(?:e-?\d+)?")


def text(value):
    return "".join(value) if isinstance(value, list) else str(value)


def outputs(cell):
    """Each output as (kind, {mime: text or None})."""
    for output in cell.get("outputs", []):
        if output["output_type"] == "stream":
            yield "stream " + output["name"], {"text/plain": text(output["text"])}
        elif output["output_type"] == "error":
            yield "error", {"text/plain": output["ename"] + ": " + output["evalue"]}
        else:
            yield output["output_type"], {
                mime: text(value) if mime.startswith("text/") else None for mime, value in output["data"].items()}


def instructions():
    """The widest vector instructions of this processor."""
    try:
        flags = pathlib.Path("/proc/cpuinfo").read_text(encoding="utf-8").split()
    except OSError:
        return "unknown"
    return next((name for name in ("avx512f", "avx2") if name in flags), "other")


SAME_PROCESSOR = instructions() == (pathlib.Path(__file__).parent / "processor.txt").read_text(encoding="utf-8").strip()


def same_text(executed, committed):
    if not SAME_PROCESSOR:
        words = re.compile(r"[-+]?\d[\d.,]*(?:e[-+]?\d+)?|\s+|[─·⁰¹²³⁴-⁹⁻]+")
        return words.sub(" ", executed).split() == words.sub(" ", committed).split()
    if NUMBER.sub("#", executed) != NUMBER.sub("#", committed):
        return False
    pairs = zip(map(float, NUMBER.findall(executed)), map(float, NUMBER.findall(committed)))
    return all(abs(a - b) <= max(0.01, 0.02 * abs(b)) for a, b in pairs)


def main():
    executed, committed = (json.load(open(path, encoding="utf-8"))["cells"] for path in sys.argv[1:3])
    problems = []
    if [cell["id"] for cell in executed] != [cell["id"] for cell in committed]:
        sys.exit("the cells differ")
    for now, kept in zip(executed, committed):
        if text(now["source"]) != text(kept["source"]):
            problems.append(f"{kept['id']}: the source differs")
        if now["cell_type"] != "code":
            continue
        found, wanted = list(outputs(now)), list(outputs(kept))
        if [(kind, list(data)) for kind, data in found] != [(kind, list(data)) for kind, data in wanted]:
            problems.append(f"{kept['id']}: the kinds of output differ: {found}, committed {wanted}")
            continue
        for (_, data), (_, kept_data) in zip(found, wanted):
            for mime, value in data.items():
                if value is not None and not same_text(value, kept_data[mime]):
                    problems.append(f"{kept['id']}: {mime} differs:\n{value}\ncommitted:\n{kept_data[mime]}")
    if problems:
        sys.exit("\n".join(problems) + "\nRun the notebook again with --inplace where the change is meant.")
    print(f"{len(executed)} cells as committed" + ("" if SAME_PROCESSOR else ", but for numbers: another type of processor"))


main()
