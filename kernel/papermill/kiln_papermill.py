"""Parameters for notebooks in Rust: papermill knows the languages of its own list only.

    python kiln_papermill.py IN.ipynb OUT.ipynb -p epochs 3 -p name fashion

or, in a program of one's own, `import kiln_papermill` before `papermill.execute_notebook(..., parameters={...})`. The cell
with the tag `parameters` has the defaults as `let` statements; papermill puts a cell with the given values behind it.
Without parameters papermill needs none of this.
"""

import argparse
import ast
import json

import papermill
from papermill.translators import Translator, papermill_translators


class RustTranslator(Translator):
    """Values of Python as Rust: numbers, texts, booleans, lists (`Vec`), dictionaries with text keys (`HashMap`)."""

    @classmethod
    def translate_escaped_str(cls, text):
        # Rust writes a character beyond ASCII as it is, or as \u{...}; JSON's \uXXXX is another form.
        return json.dumps(text, ensure_ascii=False) + ".to_owned()"

    @classmethod
    def translate_int(cls, value):
        return f"{value}" if -(2**31) <= value < 2**31 else f"{value}_i64"

    @classmethod
    def translate_float(cls, value):
        if value != value:
            return "f64::NAN"
        if value in (float("inf"), float("-inf")):
            return "f64::INFINITY" if value > 0 else "f64::NEG_INFINITY"
        return repr(float(value))

    @classmethod
    def translate_bool(cls, value):
        return "true" if value else "false"

    @classmethod
    def translate_none(cls, value):
        return "None::<f64>"

    @classmethod
    def translate_list(cls, values):
        return "vec![" + ", ".join(cls.translate(value) for value in values) + "]"

    @classmethod
    def translate_dict(cls, values):
        pairs = (f"({cls.translate_str(str(key))}, {cls.translate(value)})" for key, value in values.items())
        return "std::collections::HashMap::from([" + ", ".join(pairs) + "])"

    @classmethod
    def comment(cls, text):
        return f"// {text}".rstrip()

    @classmethod
    def assign(cls, name, value):
        return f"let {name} = {value};"


papermill_translators.register("rust", RustTranslator)


def main():
    parser = argparse.ArgumentParser(description="Runs a notebook in Rust with parameters.")
    parser.add_argument("input")
    parser.add_argument("output")
    parser.add_argument("-p", "--parameter", nargs=2, action="append", default=[], metavar=("NAME", "VALUE"))
    parser.add_argument("-k", "--kernel", default="kiln")
    arguments = parser.parse_args()
    values = {}
    for name, text in arguments.parameter:
        try:
            values[name] = ast.literal_eval(text)
        except (ValueError, SyntaxError):
            values[name] = text
    papermill.execute_notebook(arguments.input, arguments.output, parameters=values, kernel_name=arguments.kernel)


if __name__ == "__main__":
    main()
