//! The cells that were run, for the front end's history keys.

use jupyter_protocol::HistoryRequest;
use serde_json::{Value, json};
use std::sync::{Mutex, PoisonError};

/// The inputs of this session, and what each showed as its result.
#[derive(Debug, Default)]
pub(super) struct History(Mutex<Vec<(usize, String, String)>>);

impl History {
    pub(super) fn add(&self, count: usize, input: &str, result: &str) {
        self.entries().push((count, input.to_owned(), result.to_owned()));
    }

    /// The entries that a request asks for, as `[session, line, input]` or `[session, line, [input, output]]`.
    pub(super) fn answer(&self, request: &HistoryRequest) -> Value {
        let entries = self.entries();
        let number = |n: i32| usize::try_from(n).unwrap_or(0);
        let (found, with_output): (Vec<_>, bool) = match request {
            HistoryRequest::Range { start, stop, output, .. } => {
                let stop = if *stop <= 0 { usize::MAX } else { number(*stop) };
                (
                    entries.iter().filter(|(count, ..)| (number(*start)..stop).contains(count)).collect(),
                    *output,
                )
            }
            HistoryRequest::Tail { n, output, .. } => {
                (entries.iter().skip(entries.len().saturating_sub(number(*n))).collect(), *output)
            }
            HistoryRequest::Search { pattern, unique, output, n, .. } => {
                let mut found: Vec<_> =
                    entries.iter().filter(|(_, input, _)| matches(pattern, input)).collect();
                if *unique {
                    let mut seen = std::collections::HashSet::new();
                    found.reverse();
                    found.retain(|(_, input, _)| seen.insert(input.as_str()));
                    found.reverse();
                }
                let skipped = if *n > 0 { found.len().saturating_sub(number(*n)) } else { 0 };
                (found.split_off(skipped), *output)
            }
        };
        let entry = |(count, input, result): &(usize, String, String)| {
            if with_output { json!([0, count, [input, result]]) } else { json!([0, count, input]) }
        };
        Value::Array(found.into_iter().map(entry).collect())
    }

    fn entries(&self) -> std::sync::MutexGuard<'_, Vec<(usize, String, String)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether `text` as a whole fits a pattern with `*` and `?`, as in a shell.
fn matches(pattern: &str, text: &str) -> bool {
    fn fits(pattern: &[char], text: &[char]) -> bool {
        match pattern.split_first() {
            None => text.is_empty(),
            Some(('*', rest)) => (0..=text.len()).any(|skip| fits(rest, &text[skip..])),
            Some(('?', rest)) => !text.is_empty() && fits(rest, &text[1..]),
            Some((wanted, rest)) => text.first() == Some(wanted) && fits(rest, &text[1..]),
        }
    }
    fits(&pattern.chars().collect::<Vec<_>>(), &text.chars().collect::<Vec<_>>())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the three kinds of requests find.
    #[test]
    fn finds_entries() {
        let history = History::default();
        for (count, input) in ["1*2", "x", "1*3", "1*2"].iter().enumerate() {
            history.add(count + 1, input, "r");
        }
        let tail = HistoryRequest::Tail { n: 2, output: false, raw: true };
        assert_eq!(history.answer(&tail), json!([[0, 3, "1*3"], [0, 4, "1*2"]]));
        let search =
            HistoryRequest::Search { pattern: "1?*".into(), unique: true, output: true, raw: true, n: 9 };
        assert_eq!(history.answer(&search), json!([[0, 3, ["1*3", "r"]], [0, 4, ["1*2", "r"]]]));
        let range = HistoryRequest::Range { session: Some(0), start: 2, stop: 3, output: false, raw: true };
        assert_eq!(history.answer(&range), json!([[0, 2, "x"]]));
    }
}
