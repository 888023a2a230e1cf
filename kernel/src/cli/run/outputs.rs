//! The outputs of a notebook's cells, as its file holds them.

use crate::session::{CellError, Output};
use serde_json::{Map, Value, json};

/// Collects outputs cell by cell; an update also changes the displays of earlier cells.
#[derive(Debug, Default)]
pub(super) struct Outputs {
    cells: Vec<Cell>,
}

#[derive(Debug)]
struct Cell {
    index: usize,
    count: usize,
    outputs: Vec<Entry>,
    clear_at_next: bool,
}

#[derive(Debug)]
struct Entry {
    value: Value,
    display_id: Option<String>,
}

impl Outputs {
    /// What follows belongs to the cell at `index`, with this execution count.
    pub(super) fn begin(&mut self, index: usize, count: usize) {
        self.cells.push(Cell { index, count, outputs: Vec::new(), clear_at_next: false });
    }

    /// Adds an output to the cell that runs.
    pub(super) fn add(&mut self, output: Output) {
        if let Output::Update { data, metadata, id } = &output {
            let displays = self.cells.iter_mut().flat_map(|cell| &mut cell.outputs);
            for entry in displays.filter(|entry| entry.display_id.as_ref() == Some(id)) {
                entry.value["data"] = as_lines(data);
                entry.value["metadata"] = Value::Object(metadata.clone());
            }
            return;
        }
        let Some(cell) = self.cells.last_mut() else { return };
        if let Output::Clear { wait } = output {
            cell.clear_at_next = wait;
            if !wait {
                cell.outputs.clear();
            }
            return;
        }
        if std::mem::take(&mut cell.clear_at_next) {
            cell.outputs.clear();
        }
        cell.add(output);
    }

    /// Adds the error that ended the cell.
    pub(super) fn add_error(&mut self, error: &CellError) {
        if let Some(cell) = self.cells.last_mut() {
            let value = json!({"output_type": "error", "ename": error.name, "evalue": error.value, "traceback": error.traceback});
            cell.outputs.push(Entry { value, display_id: None });
        }
    }

    /// The outputs by the cell's place in the notebook.
    pub(super) fn take(&mut self) -> Vec<(usize, Vec<Value>)> {
        self.cells
            .drain(..)
            .map(|cell| {
                let shown =
                    cell.outputs.into_iter().map(|entry| entry.value).filter(|value| !shows_nothing(value));
                (cell.index, joined_texts(shown).into_iter().map(finished).collect())
            })
            .collect()
    }
}

impl Cell {
    fn add(&mut self, output: Output) {
        let (value, display_id) = match output {
            Output::Text(stream, text) => {
                if let Some(last) = self.outputs.last_mut()
                    && last.value["name"] == stream.name()
                    && let Value::String(before) = &mut last.value["text"]
                {
                    before.push_str(&text);
                    return;
                }
                (json!({"output_type": "stream", "name": stream.name(), "text": text}), None)
            }
            Output::Display { data, metadata, id } => {
                (json!({"output_type": "display_data", "data": as_lines(&data), "metadata": metadata}), id)
            }
            Output::Result { data, metadata } => (
                json!({"output_type": "execute_result", "execution_count": self.count, "data": as_lines(&data), "metadata": metadata}),
                None,
            ),
            Output::Update { .. } | Output::Clear { .. } | Output::Input { .. } => return,
        };
        self.outputs.push(Entry { value, display_id });
    }
}

/// Texts as lists of lines, which is how Jupyter writes them.
fn as_lines(data: &Map<String, Value>) -> Value {
    let line = |(mime, content): (&String, &Value)| {
        let content = match content {
            Value::String(text) if mime.starts_with("text/") || mime.contains("svg") => lines(text),
            other => other.clone(),
        };
        (mime.clone(), content)
    };
    Value::Object(data.iter().map(line).collect())
}

fn lines(text: &str) -> Value {
    text.split_inclusive('\n').map(str::to_owned).collect()
}

/// Whether a display has become empty: a progress that is over.
fn shows_nothing(output: &Value) -> bool {
    let data = output["data"].as_object();
    data.is_some_and(|data| data.len() == 1 && data.get("text/plain").is_some_and(|text| *text == json!([])))
}

/// Texts of one stream that nothing stands between any more, as one.
fn joined_texts(outputs: impl Iterator<Item = Value>) -> Vec<Value> {
    let mut all: Vec<Value> = Vec::new();
    for output in outputs {
        if let (Some(last), Value::String(text)) = (all.last_mut(), &output["text"])
            && last["name"] == output["name"]
            && let Value::String(before) = &mut last["text"]
        {
            before.push_str(text);
        } else {
            all.push(output);
        }
    }
    all
}

fn finished(mut value: Value) -> Value {
    if let Value::String(text) = &value["text"] {
        value["text"] = lines(&overwritten(text));
    }
    value
}

/// Text as a terminal would leave it: a carriage return begins its line anew.
fn overwritten(text: &str) -> String {
    text.split_inclusive('\n')
        .map(|line| {
            let (body, end) = line.strip_suffix('\n').map_or((line, ""), |body| (body, "\n"));
            let body = body.strip_suffix('\r').unwrap_or(body);
            format!("{}{end}", body.rsplit('\r').next().unwrap_or_default())
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::Stream;

    /// A display that ends empty leaves no trace.
    #[test]
    fn a_progress_that_is_over_is_gone() {
        let data = |text: &str| Map::from_iter([("text/plain".to_owned(), json!(text))]);
        let mut outputs = Outputs::default();
        outputs.begin(0, 1);
        outputs.add(Output::Text(Stream::Stdout, "a\n".into()));
        outputs.add(Output::Display { data: data("1/2"), metadata: Map::new(), id: Some("p".into()) });
        outputs.add(Output::Text(Stream::Stdout, "b\n".into()));
        outputs.add(Output::Update { data: data(""), metadata: Map::new(), id: "p".into() });
        let text = json!({"output_type": "stream", "name": "stdout", "text": ["a\n", "b\n"]});
        assert_eq!(outputs.take(), [(0, vec![text])]);
    }

    /// Texts of one stream are one output, a later cell updates an earlier display, and a clear waits if told to.
    #[test]
    fn outputs_are_collected_as_a_front_end_shows_them() {
        let display = |id: &str, text: &str| Output::Display {
            data: Map::from_iter([("text/plain".to_owned(), json!(text))]),
            metadata: Map::new(),
            id: Some(id.to_owned()),
        };
        let mut outputs = Outputs::default();
        outputs.begin(0, 1);
        outputs.add(display("a", "old"));
        outputs.add(Output::Text(Stream::Stdout, "1 %\r2 %".into()));
        outputs.add(Output::Text(Stream::Stdout, "\r3 %\ndone\n".into()));
        outputs.begin(3, 2);
        outputs.add(Output::Text(Stream::Stderr, "gone".into()));
        outputs.add(Output::Clear { wait: true });
        let data = Map::from_iter([("text/plain".to_owned(), json!("new"))]);
        outputs.add(Output::Update { data, metadata: Map::new(), id: "a".into() });
        outputs.add(Output::Text(Stream::Stdout, "stays".into()));
        let taken = outputs.take();
        assert_eq!(taken[0].1[0]["data"]["text/plain"], json!(["new"]));
        assert_eq!(taken[0].1[1]["text"], json!(["3 %\n", "done\n"]));
        assert_eq!(
            taken[1],
            (3, vec![json!({"output_type": "stream", "name": "stdout", "text": ["stays"]})])
        );
    }
}
