"""Jupyter's own conformance suite, run against the installed kernel.

    kiln install --prefix VENV
    VENV/bin/python -m unittest tests/conformance/test_kernel.py

KILN_KERNEL names the kernelspec (default: kiln).
"""

import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

import jupyter_kernel_test
import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

ROOT = pathlib.Path(__file__).resolve().parents[2]
KERNEL = os.environ.get("KILN_KERNEL", "kiln")

DISPLAY = 'kiln::notebook::display(&kiln::notebook::MimeBundle::text("a").with("text/html", "<b>a</b>"));'


class Conformance(jupyter_kernel_test.KernelTests):
    kernel_name = KERNEL
    language_name = "rust"
    file_extension = ".rs"
    code_hello_world = 'println!("hello, world");'
    code_stderr = 'eprintln!("oops");'
    completion_samples = [{"text": "kiln::notebook::disp"}]
    complete_code_samples = ["let x = 1;", "1 + 1", "fn f() {\n    1;\n}"]
    incomplete_code_samples = ["fn f(", "let v = vec![", "for i in 0..3 {"]
    invalid_code_samples = ["let = 7", ")"]
    code_generate_error = 'panic!("boom");'
    code_execute_result = [
        {"code": "1 + 2 + 3", "result": "6"},
        {"code": "vec![1, 4, 9]", "result": "[1, 4, 9]"},
    ]
    code_display_data = [{"code": DISPLAY, "mime": "text/html"}]
    code_history_pattern = "1*2*"
    supported_history_operations = ("tail", "search", "range")
    code_inspect_sample = "kiln::notebook::display"
    code_clear_output = "kiln::notebook::clear_output(false);"

    @classmethod
    def setUpClass(cls):
        cls.km, cls.kc = jupyter_kernel_test.start_new_kernel(kernel_name=cls.kernel_name, startup_timeout=120)
        # The first cell waits for the evaluator; the suite's limits are meant for the ones after it.
        cls.kc.execute_interactive("1", timeout=300)


class Notebooks(unittest.TestCase):
    """nbclient, which nbconvert, papermill and nbmake use as well."""

    def run_cells(self, *sources):
        notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in sources])
        NotebookClient(notebook, timeout=120, startup_timeout=120, kernel_name=KERNEL).execute()
        return [cell.outputs for cell in notebook.cells]

    def test_outputs(self):
        outputs = self.run_cells("let x = vec![1.0, 2.0];", 'print!("a"); println!("b");\nx.len()', DISPLAY + DISPLAY)
        self.assertEqual(outputs[0], [])
        self.assertEqual(outputs[1][0]["text"], "ab\n")
        self.assertEqual(outputs[1][1]["data"]["text/plain"], "2")
        self.assertEqual([output["output_type"] for output in outputs[2]], ["display_data"] * 2)

    def test_a_failing_cell_fails(self):
        for source in ['panic!("boom");', 'let n = "a".parse::<i32>()?;', "let = 1;", "std::process::exit(3);"]:
            with self.subTest(source), self.assertRaises(CellExecutionError):
                self.run_cells(source)


class Programs(unittest.TestCase):
    """The programs that run notebooks, as people call them."""

    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.directory = pathlib.Path(directory.name)

    def write(self, name, *sources, tags=()):
        cells = [nbformat.v4.new_code_cell(source) for source in sources]
        cells[0].metadata["tags"] = list(tags)
        metadata = {"kernelspec": {"name": KERNEL, "display_name": "Rust (Kiln)", "language": "rust"}}
        nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=metadata), self.directory / name)
        return str(self.directory / name)

    def run_program(self, *arguments, **options):
        command = [sys.executable, *arguments]
        return subprocess.run(command, capture_output=True, text=True, timeout=300, cwd=self.directory, **options)

    def nbconvert(self, notebook):
        return self.run_program(
            "-m", "nbconvert", "--execute", "--to", "notebook", "--output", "out.ipynb",
            "--ExecutePreprocessor.startup_timeout=120", notebook,
        )

    def test_nbconvert(self):
        done = self.nbconvert(self.write("good.ipynb", "let x = 20;", "x + 1"))
        self.assertEqual(done.returncode, 0, done.stderr)
        executed = nbformat.read(self.directory / "out.ipynb", as_version=4)
        self.assertEqual(executed.cells[1].outputs[0]["data"]["text/plain"], "21")

    def test_nbconvert_fails_with_a_cell(self):
        done = self.nbconvert(self.write("bad.ipynb", "let x = 20;", 'panic!("boom");', "x"))
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("boom", done.stderr)

    def test_papermill(self):
        notebook = self.write("in.ipynb", 'let rate = 0.1; let name = "none".to_owned(); let sizes = vec![0];',
                              'format!("{rate} {name} {}", sizes.len())', tags=["parameters"])
        program = str(ROOT / "kernel/papermill/kiln_papermill.py")
        done = self.run_program(program, notebook, "out.ipynb", "-k", KERNEL,
                                "-p", "rate", "0.5", "-p", "name", "가 \"b\"", "-p", "sizes", "[1, 2, 3]")
        self.assertEqual(done.returncode, 0, done.stderr)
        executed = nbformat.read(self.directory / "out.ipynb", as_version=4)
        self.assertEqual(executed.cells[2].outputs[0]["data"]["text/plain"], '"0.5 가 \\"b\\" 3"')

    def test_papermill_fails_with_a_cell(self):
        notebook = self.write("bad.ipynb", '"x".parse::<i32>()?;')
        done = self.run_program("-m", "papermill", notebook, "out.ipynb", "--start-timeout", "120")
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("invalid digit", done.stderr)

    def test_console(self):
        # The simple prompt takes each line as a cell; the full one asks the kernel whether a cell is complete.
        lines = "let x = 20;\nfn twice(n: i32) -> i32 { 2 * n }\ntwice(x)\n"
        done = self.run_program("-m", "jupyter_console", "--kernel", KERNEL, "--simple-prompt", input=lines)
        self.assertIn("40", done.stdout, done.stderr)


if __name__ == "__main__":
    unittest.main()
