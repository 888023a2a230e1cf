//! What a cell writes, taken apart: text, messages of the display channel, and evcxr's own lines.

use serde_json::Value;

/// One piece of what a cell wrote to standard output.
#[derive(Debug, PartialEq)]
pub(super) enum Frame {
    /// Text, in whole characters.
    Text(String),
    /// A message of the toolkit's display channel.
    Message(Value),
    /// A line that evcxr must see: a panic, an early return, a variable whose type has changed.
    Control(String),
    /// The result of a cell, in one format, by the stock kernel's convention.
    Content { mime: String, text: String },
}

const CONTROL_LINES: [&str; 3] =
    ["EVCXR_PANIC_NOTIFICATION", "EVCXR_ERROR_OCCURRED", "EVCXR_VARIABLE_CHANGED_TYPE:"];
const BEGIN: &str = "EVCXR_BEGIN_CONTENT ";
const END: &str = "\nEVCXR_END_CONTENT\n";

/// Takes the bytes as they come, in pieces of any size, and gives frames.
#[derive(Debug)]
pub(super) struct Parser {
    prefix: Vec<u8>,
    pending: Vec<u8>,
}

/// What stands at a place that may begin something else than text.
enum Found {
    Frame {
        frame: Frame,
        length: usize,
    },
    /// More bytes decide.
    Incomplete,
    Text,
}

impl Parser {
    /// A parser for the channel with this token; without one every byte but evcxr's lines is text.
    pub(super) fn new(token: &str) -> Self {
        Self { prefix: format!("\u{2}kiln:{token}:").into_bytes(), pending: Vec::new() }
    }

    /// Adds bytes and returns what is complete by now.
    pub(super) fn push(&mut self, bytes: &[u8]) -> Vec<Frame> {
        self.pending.extend_from_slice(bytes);
        self.take(false)
    }

    /// Returns the rest, at the end of a cell: nothing waits for a continuation.
    pub(super) fn finish(&mut self) -> Vec<Frame> {
        self.take(true)
    }

    fn take(&mut self, at_end: bool) -> Vec<Frame> {
        let mut frames = Vec::new();
        let (mut text_start, mut at) = (0, 0);
        while let Some(offset) = self.pending[at..].iter().position(|&byte| byte == 2 || byte == b'E') {
            at += offset;
            match self.look_at(at) {
                Found::Frame { frame, length } => {
                    push_text(&mut frames, &self.pending[text_start..at]);
                    frames.push(frame);
                    at += length;
                    text_start = at;
                }
                Found::Incomplete if !at_end => {
                    let keep = self.pending.split_off(at);
                    push_text(&mut frames, &self.pending[text_start..]);
                    self.pending = keep;
                    return frames;
                }
                Found::Incomplete | Found::Text => at += 1,
            }
        }
        let cut = if at_end {
            self.pending.len()
        } else {
            text_start + whole_characters(&self.pending[text_start..])
        };
        let keep = self.pending.split_off(cut);
        push_text(&mut frames, &self.pending[text_start..]);
        self.pending = keep;
        frames
    }

    fn look_at(&self, at: usize) -> Found {
        let rest = &self.pending[at..];
        if rest[0] == 2 {
            return self.message(rest);
        }
        if let Some(found) = content(rest) {
            return found;
        }
        for line in CONTROL_LINES {
            if let Some(found) = control_line(rest, line) {
                return found;
            }
        }
        Found::Text
    }

    fn message(&self, rest: &[u8]) -> Found {
        if !starts_like(rest, &self.prefix) {
            return Found::Text;
        }
        let Some(after) = rest.get(self.prefix.len()..) else { return Found::Incomplete };
        let Some(line_end) = after.iter().position(|&byte| byte == b'\n') else {
            return if after.len() < 20 { Found::Incomplete } else { Found::Text };
        };
        let length =
            std::str::from_utf8(&after[..line_end]).ok().and_then(|digits| digits.parse::<usize>().ok());
        let Some(length) = length else { return Found::Text };
        let Some(body) = after.get(line_end + 1..line_end + 1 + length) else { return Found::Incomplete };
        match serde_json::from_slice(body) {
            Ok(message) => Found::Frame {
                frame: Frame::Message(message),
                length: self.prefix.len() + line_end + 1 + length,
            },
            Err(_) => Found::Text,
        }
    }
}

/// `EVCXR_BEGIN_CONTENT mime`, lines, `EVCXR_END_CONTENT`; `None` if this is something else.
fn content(rest: &[u8]) -> Option<Found> {
    if !starts_like(rest, BEGIN.as_bytes()) {
        return None;
    }
    let Some(after) = rest.get(BEGIN.len()..) else { return Some(Found::Incomplete) };
    let Some(line_end) = after.iter().position(|&byte| byte == b'\n') else { return Some(Found::Incomplete) };
    let Some(end) = find(&after[line_end..], END.as_bytes()) else { return Some(Found::Incomplete) };
    let body = after.get(line_end + 1..line_end + end).unwrap_or_default();
    let frame = Frame::Content {
        mime: String::from_utf8_lossy(&after[..line_end]).trim().to_owned(),
        text: String::from_utf8_lossy(body).into_owned(),
    };
    Some(Found::Frame { frame, length: BEGIN.len() + line_end + end + END.len() })
}

fn control_line(rest: &[u8], line: &str) -> Option<Found> {
    if !starts_like(rest, line.as_bytes()) {
        return None;
    }
    if rest.len() < line.len() {
        return Some(Found::Incomplete);
    }
    let Some(line_end) = rest.iter().position(|&byte| byte == b'\n') else {
        return Some(Found::Incomplete);
    };
    let whole = String::from_utf8_lossy(&rest[..line_end]).into_owned();
    Some(Found::Frame { frame: Frame::Control(whole), length: line_end + 1 })
}

/// Whether `bytes` begins with `prefix`, or is the beginning of it.
fn starts_like(bytes: &[u8], prefix: &[u8]) -> bool {
    let common = bytes.len().min(prefix.len());
    bytes[..common] == prefix[..common]
}

fn find(bytes: &[u8], pattern: &[u8]) -> Option<usize> {
    bytes.windows(pattern.len()).position(|window| window == pattern)
}

/// How many bytes from the start are whole characters; what follows is the beginning of one.
fn whole_characters(bytes: &[u8]) -> usize {
    match std::str::from_utf8(bytes) {
        Ok(_) => bytes.len(),
        Err(error) if error.error_len().is_none() => error.valid_up_to(),
        // Something that is no UTF-8: only an unfinished character at the very end waits.
        Err(_) => (0..4.min(bytes.len()))
            .find(|back| {
                std::str::from_utf8(&bytes[bytes.len() - back - 1..])
                    .is_err_and(|e| e.valid_up_to() == 0 && e.error_len().is_none())
            })
            .map_or(bytes.len(), |back| bytes.len() - back - 1),
    }
}

fn push_text(frames: &mut Vec<Frame>, bytes: &[u8]) {
    if bytes.is_empty() {
        return;
    }
    let text = String::from_utf8_lossy(bytes);
    if let Some(Frame::Text(before)) = frames.last_mut() {
        before.push_str(&text);
    } else {
        frames.push(Frame::Text(text.into_owned()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn collect(pieces: &[&[u8]]) -> Vec<Frame> {
        let mut parser = Parser::new("t");
        let mut frames: Vec<Frame> = pieces.iter().flat_map(|piece| parser.push(piece)).collect();
        frames.extend(parser.finish());
        let mut merged = Vec::new();
        for frame in frames {
            match frame {
                Frame::Text(text) => push_text(&mut merged, text.as_bytes()),
                other => merged.push(other),
            }
        }
        merged
    }

    /// However the bytes are cut, the frames are the same.
    #[test]
    fn frames_do_not_depend_on_the_cuts() {
        let all = "가\u{2}kiln:t:7\n{\"a\":1}E EVCXR \u{2}kiln\nabcEVCXR_PANIC_NOTIFICATION\nEVCXR_BEGIN_CONTENT text/html\n<b>\nx</b>\nEVCXR_END_CONTENT\n나".as_bytes();
        let expected = vec![
            Frame::Text("가".into()),
            Frame::Message(json!({"a": 1})),
            Frame::Text("E EVCXR \u{2}kiln\nabc".into()),
            Frame::Control("EVCXR_PANIC_NOTIFICATION".into()),
            Frame::Content { mime: "text/html".into(), text: "<b>\nx</b>".into() },
            Frame::Text("나".into()),
        ];
        for cut in 0..=all.len() {
            assert_eq!(collect(&[&all[..cut], &all[cut..]]), expected, "cut at {cut}");
        }
        let single: Vec<&[u8]> = all.chunks(1).collect();
        assert_eq!(collect(&single), expected);
    }

    /// Bytes that are no UTF-8 are shown as such, and do not hold back what follows.
    #[test]
    fn invalid_text_is_replaced() {
        assert_eq!(collect(&[b"a\xffb", b"c"]), vec![Frame::Text("a\u{fffd}bc".into())]);
    }
}
