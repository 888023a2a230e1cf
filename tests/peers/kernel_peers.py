#!/usr/bin/env python3
"""Time what a notebook user waits for, with one client and the same steps for each kernel; a table, or JSON lines.

    python tests/peers/kernel_peers.py --kiln target/debug/kiln --ipykernel PYTHON --evcxr evcxr_jupyter

    --kiln PROGRAM    the program `kiln`, with and without an evaluator that stands by; its bundle is built first
    --ipykernel PYTHON  a Python with ipykernel, plotly, keras and jax (KERAS_BACKEND chooses another)
    --evcxr PROGRAM   the program `evcxr_jupyter`, which gets the toolkit of this clone by `:dep`, and so compiles it in every session
    --sessions N      sessions, of which each figure is the median (5); in turns, so that all share the machine's moods
    --cells N         cells of each kind in a session (9)
    --json            one JSON line a kernel instead of the table

It runs where `jupyter_client` is (`pip install jupyter_client`; `target/lab/venv/bin/python` has it). Kernels that are
not named are left out.

Figures in seconds. `info`: from the start of the process until `kernel_info` is answered. `first_result`: from the start
until the first cell that uses the toolkit has answered, sent at once. Then warm: a trivial cell; one that binds a value
of the toolkit to a name; one with a plot (first and later ones); medians over the cells of all sessions, `min_*` the best.
`resident_mb`: the memory of the kernel, of all processes below it and of an evaluator that stands by (proportional set
size), after these cells.
"""
import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time
from types import SimpleNamespace

from jupyter_client import BlockingKernelClient
from jupyter_client.connect import write_connection_file

LIMIT = 900
TOOLKIT = pathlib.Path(__file__).resolve().parents[2] / "toolkit"

RUST = {
    "first": "use kiln::prelude::*;\nlet start = Tensor::zeros([2, 3]);\nstart.shape().to_vec()",
    "prepare": [
        "let x = Tensor::zeros([64, 4]);",
        "let y = Tensor::zeros([64, 1]);",
        'let mut model = Sequential::new().add(Dense::new(8).activation("relu").input_shape([4])).add(Dense::new(1));\n'
        'model.compile("sgd", "mse", ["mae"])?;\n'
        "let history = model.fit(&x, &y).epochs(2).verbose(0).run()?;",
    ],
    "trivial": "{n} + 1",
    "bind": "let layer_{n} = Sequential::new().add(Dense::new({n} + 1).input_shape([4]));",
    "plot": "plot::history(&history)",
}
PYTHON = {
    "first": "import keras\nstart = keras.ops.zeros((2, 3))\ntuple(start.shape)",
    "prepare": [
        "import numpy, plotly.graph_objects as go\nx = numpy.zeros((64, 4), 'float32'); y = numpy.zeros((64, 1), 'float32')",
        "model = keras.Sequential([keras.layers.Input((4,)), keras.layers.Dense(8, 'relu'), keras.layers.Dense(1)])\n"
        "model.compile('sgd', 'mse', metrics=['mae'])\nhistory = model.fit(x, y, epochs=2, verbose=0)",
    ],
    "trivial": "{n} + 1",
    "bind": "layer_{n} = keras.Sequential([keras.layers.Input((4,)), keras.layers.Dense({n} + 1)])",
    "plot": "go.Figure([go.Scatter(y=history.history['loss'])])",
}


class Kernel:
    def __init__(self, command, environment, program):
        self.program = program
        self.directory = tempfile.TemporaryDirectory(prefix="kernel-peers-")
        file, info = write_connection_file(os.path.join(self.directory.name, "connection.json"))
        self.client = BlockingKernelClient(connection_file=file)
        self.client.load_connection_file()
        self.log = open(os.path.join(self.directory.name, "log"), "wb")
        self.started = time.perf_counter()
        self.process = subprocess.Popen(
            [word.replace("{connection_file}", file) for word in command],
            env=environment, stdout=self.log, stderr=self.log)
        self.client.start_channels()
        self.info_s = self.until_info()

    def until_info(self):
        # Subscriptions take a moment of their own: what is timed is the shell's answer.
        asked = self.client.kernel_info()
        while True:
            if self.client.get_shell_msg(timeout=LIMIT)["parent_header"].get("msg_id") == asked:
                return time.perf_counter() - self.started

    def run(self, code):
        begin = time.perf_counter()
        asked = self.client.execute(code)
        replied = idle = False
        while not replied:
            reply = self.client.get_shell_msg(timeout=LIMIT)
            replied = reply["parent_header"].get("msg_id") == asked
        while not idle:
            message = self.client.get_iopub_msg(timeout=LIMIT)
            mine = message["parent_header"].get("msg_id") == asked
            idle = mine and message["msg_type"] == "status" and message["content"]["execution_state"] == "idle"
        seconds = time.perf_counter() - begin
        if reply["content"]["status"] != "ok":
            sys.exit(f"the cell failed:\n{code}\n" + "\n".join(reply["content"].get("traceback", [])))
        return seconds

    def resident(self):
        # A kernel whose evaluator stood by is not below the process that was started: then all processes of the program count.
        found, waiting = set(), [self.process.pid]
        for entry in pathlib.Path("/proc").iterdir():
            try:
                if entry.name.isdigit() and os.readlink(entry / "exe") == self.program:
                    waiting.append(int(entry.name))
            except OSError:
                pass
        total = 0
        while waiting:
            process = waiting.pop()
            if process in found:
                continue
            found.add(process)
            try:
                rollup = pathlib.Path(f"/proc/{process}/smaps_rollup").read_text()
                total += next(int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Pss:"))
                for task in pathlib.Path(f"/proc/{process}/task").iterdir():
                    waiting += [int(child) for child in (task / "children").read_text().split()]
            except (FileNotFoundError, ProcessLookupError):
                pass
        return total / 1024

    def close(self):
        self.client.shutdown()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
        self.client.stop_channels()
        self.log.close()
        self.directory.cleanup()


def session(kernel, count):
    """Figures of one session, each a list."""
    cells = kernel.cells
    kernel = Kernel(kernel.command, kernel.environment, kernel.program)
    try:
        kernel.run(cells["first"])
        found = {"info": [kernel.info_s], "first_result": [time.perf_counter() - kernel.started]}
        for code in cells["prepare"]:
            kernel.run(code)
        for kind in ("trivial", "bind", "plot"):
            # The first of a kind warms what all of its kind share.
            first = kernel.run(cells[kind].replace("{n}", "7"))
            found[f"first_{kind}"] = [first]
            found[kind] = [kernel.run(cells[kind].replace("{n}", str(n + 10))) for n in range(count)]
        found["resident_mb"] = [kernel.resident()]
        return found
    finally:
        kernel.close()


def kernels(asked):
    """What is to be timed."""
    found = []
    if asked.kiln:
        program = os.path.realpath(asked.kiln)
        for standby in (False, True):
            found.append(SimpleNamespace(
                name="Kiln, an evaluator standing by" if standby else "Kiln", standby=standby, program=program, cells=RUST,
                command=[asked.kiln, "kernel", "{connection_file}"],
                # The script asks for the evaluators that stand by; those that the kernels prepare would be in its way.
                environment={**os.environ, "KILN_STANDBY": str(int(standby)), "KILN_STANDBY_AFTER": "100000"}))
    if asked.ipykernel:
        found.append(SimpleNamespace(
            name="ipykernel + Keras", standby=False, program=None, cells=PYTHON,
            command=[asked.ipykernel, "-m", "ipykernel_launcher", "-f", "{connection_file}"],
            environment={"KERAS_BACKEND": "jax", **os.environ}))
    if asked.evcxr:
        dependency = f':dep kiln = {{ path = "{TOOLKIT}" }}\n'
        found.append(SimpleNamespace(
            name="stock evcxr", standby=False, program=None, cells={**RUST, "first": dependency + RUST["first"]},
            command=[asked.evcxr, "--control_file", "{connection_file}"], environment=dict(os.environ)))
    return found


ROWS = {
    "info": "`kernel_info`, s", "first_result": "start to the first value of the toolkit, s", "trivial": "trivial cell, s",
    "bind": "cell that binds a value, s", "plot": "cell with a plot, s", "resident_mb": "resident memory, MB"}


def table(names, figures):
    lines = ["| | " + " | ".join(names) + " |", "|---" * (len(names) + 1) + "|"]
    for key, title in ROWS.items():
        digits = 0 if key == "resident_mb" else 2
        cells = (f"{statistics.median(figures[name][key]):.{digits}f} ({min(figures[name][key]):.{digits}f})" for name in names)
        lines.append(f"| {title} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser()
    for kernel in ("--kiln", "--ipykernel", "--evcxr"):
        parser.add_argument(kernel)
    parser.add_argument("--sessions", type=int, default=5)
    parser.add_argument("--cells", type=int, default=9)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    chosen = kernels(asked)
    if not chosen:
        parser.error("name a kernel: --kiln, --ipykernel or --evcxr")
    for kernel in chosen:
        # Whatever is built or read once is so here.
        if not kernel.standby:
            session(kernel, 1)
    figures = {kernel.name: {} for kernel in chosen}
    for _ in range(asked.sessions):
        for kernel in chosen:
            if kernel.standby:
                subprocess.run([kernel.program, "standby", "--wait"], env=kernel.environment, check=True)
            for key, values in session(kernel, asked.cells).items():
                figures[kernel.name].setdefault(key, []).extend(values)
    if not asked.json:
        print(f"Medians (and the best) of {asked.sessions} sessions on {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}:\n")
        print(table(list(figures), figures))
        return
    for name, found in figures.items():
        medians = {key: round(statistics.median(values), 3) for key, values in found.items()}
        best = {f"min_{key}": round(min(found[key]), 3) for key in ROWS}
        print(json.dumps({"kernel": name, "sessions": asked.sessions, "load": round(os.getloadavg()[0], 1), **medians, **best}))


if __name__ == "__main__":
    main()
