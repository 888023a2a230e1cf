"""Jupyter's own conformance suite, run against the installed kernel.

    kiln install --prefix VENV
    VENV/bin/python -m unittest tests/conformance/test_kernel.py

KILN_KERNEL names the kernelspec (default: kiln).
"""

import os
import unittest

import jupyter_kernel_test
import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

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


if __name__ == "__main__":
    unittest.main()
