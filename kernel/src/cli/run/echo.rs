//! What cells say, on this program's own streams, as it comes.

use crate::session::{Output, Stream};
use serde_json::{Map, Value};
use std::io::Write;

/// Hands on texts, and the plain text of results and displays. Updates of a display, such as the steps of a training,
/// are left to the file: a log would only repeat them.
pub(super) fn echo(output: &Output) {
    // A reader that has gone away is no reason to stop: the notebook is written all the same.
    match output {
        Output::Text(Stream::Stdout, text) => show(&mut std::io::stdout().lock(), text),
        Output::Text(Stream::Stderr, text) => show(&mut std::io::stderr().lock(), text),
        Output::Result { data, .. } | Output::Display { data, .. } => {
            if let Some(text) = plain(data) {
                show(&mut std::io::stdout().lock(), &format!("{}\n", text.trim_end()));
            }
        }
        Output::Update { .. } | Output::Clear { .. } | Output::Input { .. } => {}
    }
}

fn show(stream: &mut impl Write, text: &str) {
    stream.write_all(text.as_bytes()).and_then(|()| stream.flush()).ok();
}

fn plain(data: &Map<String, Value>) -> Option<String> {
    match data.get("text/plain")? {
        Value::String(text) => Some(text.clone()),
        Value::Array(lines) => Some(lines.iter().filter_map(Value::as_str).collect()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn plain_text_comes_whole_or_in_lines() {
        let data = |text: Value| Map::from_iter([("text/plain".to_owned(), text)]);
        assert_eq!(plain(&data(json!("a\nb"))).as_deref(), Some("a\nb"));
        assert_eq!(plain(&data(json!(["a\n", "b"]))).as_deref(), Some("a\nb"));
        assert_eq!(plain(&Map::new()), None);
    }
}
