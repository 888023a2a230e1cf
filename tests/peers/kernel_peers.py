#!/usr/bin/env python3
"""Time what a notebook user waits for, with one client and the same steps for each kernel; one JSON line a kernel.

    pip install jupyter_client                     # where this script runs
    python kernel_peers.py kiln PROGRAM            # the program `kiln`; its bundle is built first
    python kernel_peers.py ipykernel PYTHON        # a Python with ipykernel, keras and jax (KERAS_BACKEND chooses another)
    python kernel_peers.py evcxr PROGRAM TOOLKIT   # the program `evcxr_jupyter`, and the path of the toolkit for `:dep`

    --sessions N   sessions, of which each figure is the median (3)
    --cells N      cells of each kind in a session (9)
    --standby      Kiln only: leave a standby evaluator on, and wait until one is ready before each session

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

from jupyter_client import BlockingKernelClient
from jupyter_client.connect import write_connection_file

LIMIT = 900

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
    def __init__(self, command, environment):
        self.program = os.path.realpath(command[0]) if command[0].endswith("kiln") else None
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


def session(command, environment, cells, count):
    kernel = Kernel(command, environment)
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


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("kernel", choices=["kiln", "ipykernel", "evcxr"])
    parser.add_argument("program")
    parser.add_argument("toolkit", nargs="?")
    parser.add_argument("--sessions", type=int, default=3)
    parser.add_argument("--cells", type=int, default=9)
    parser.add_argument("--standby", action="store_true")
    asked = parser.parse_args()
    environment = dict(os.environ)
    if asked.kernel == "ipykernel":
        environment.setdefault("KERAS_BACKEND", "jax")
        command, cells = [asked.program, "-m", "ipykernel_launcher", "-f", "{connection_file}"], PYTHON
    elif asked.kernel == "kiln":
        environment["KILN_STANDBY"] = "1" if asked.standby else "0"
        command, cells = [asked.program, "kernel", "{connection_file}"], RUST
    else:
        command, cells = [asked.program, "--control_file", "{connection_file}"], dict(RUST)
        cells["first"] = f':dep kiln = {{ path = "{asked.toolkit}" }}\n' + cells["first"]
        # evcxr takes the last expression's display; it has no way to show two formats live.
    if asked.kernel == "kiln":
        # Whatever is built once is built here.
        session(command, {**environment, "KILN_STANDBY": "0"}, cells, 1)
    found = {}
    for _ in range(asked.sessions):
        if asked.standby:
            subprocess.run([asked.program, "standby", "--wait"], env=environment, check=True)
        for key, values in session(command, environment, cells, asked.cells).items():
            found.setdefault(key, []).extend(values)
    figures = {key: round(statistics.median(values), 3) for key, values in found.items()}
    figures |= {f"min_{key}": round(min(values), 3) for key, values in found.items() if key in ("info", "first_result", "trivial", "bind", "plot")}
    print(json.dumps({"kernel": asked.kernel, "standby": asked.standby, "sessions": asked.sessions, "load": round(os.getloadavg()[0], 1), **figures}))


if __name__ == "__main__":
    main()
