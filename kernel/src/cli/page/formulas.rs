//! Formulas in LaTeX, as MathML: browsers draw it without a script and without a network.

use pulldown_latex::config::{DisplayMode, RenderConfig};
use pulldown_latex::{Parser, Storage, push_mathml};

/// The formulas of a text, taken out so that Markdown does not read their signs as its own.
#[derive(Debug, Default)]
pub(super) struct Formulas {
    mathml: Vec<String>,
}

/// They stand around the number of a formula in the text; no text of a notebook has these characters.
const OPEN: char = '\u{e000}';
const CLOSE: char = '\u{e001}';

impl Formulas {
    /// Replaces `$...$`, `$$...$$` and bare environments (`\begin{align} ... \end{align}`) by marks. Code is left alone.
    pub(super) fn take_from(text: &str) -> (String, Self) {
        let mut formulas = Self::default();
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        let mut line_start = true;
        while let Some(c) = rest.chars().next() {
            let taken = if c == '`' || (line_start && rest.starts_with("~~~")) {
                let length = code(rest);
                out.push_str(&rest[..length]);
                length
            } else if rest.starts_with("\\$") {
                out.push_str("\\$");
                2
            } else if let Some((length, latex, display)) = formula(rest, out.chars().last()) {
                out.push_str(&formulas.mark(latex, display));
                length
            } else {
                out.push(c);
                c.len_utf8()
            };
            line_start = rest[..taken].ends_with('\n');
            rest = &rest[taken..];
        }
        (out, formulas)
    }

    fn mark(&mut self, latex: &str, display: bool) -> String {
        self.mathml.push(mathml(latex, display));
        format!("{OPEN}{}{CLOSE}", self.mathml.len() - 1)
    }

    /// Puts the formulas back into the HTML that Markdown became.
    pub(super) fn put_into(&self, html: &str) -> String {
        let mut out = String::with_capacity(html.len());
        let mut pieces = html.split(OPEN);
        out.push_str(pieces.next().unwrap_or_default());
        for piece in pieces {
            let (number, after) = piece.split_once(CLOSE).unwrap_or(("", piece));
            let formula = number.parse().ok().and_then(|i: usize| self.mathml.get(i));
            out.push_str(formula.map_or("", String::as_str));
            out.push_str(after);
        }
        out
    }
}

/// How long the code at the beginning is: a span between equally many backticks, or a block.
fn code(text: &str) -> usize {
    let fence = text.chars().next().unwrap_or('`');
    let count = text.chars().take_while(|c| *c == fence).count();
    let (marker, rest) = text.split_at(count);
    let mut at = count;
    while let Some(found) = text[at..].find(marker) {
        at += found;
        let run = text[at..].chars().take_while(|c| *c == fence).count();
        at += run;
        if run == count || (count >= 3 && run > count) {
            return at;
        }
    }
    // A block without an end is code up to the end; a lone backtick is a character.
    if count >= 3 { count + rest.len() } else { count }
}

/// The formula at the beginning: the length with its signs, the LaTeX, and whether it has a line of its own.
fn formula(text: &str, before: Option<char>) -> Option<(usize, &str, bool)> {
    if let Some(rest) = text.strip_prefix("$$") {
        let end = rest.find("$$")?;
        return Some((end + 4, &rest[..end], true));
    }
    if let Some(rest) = text.strip_prefix("\\begin{") {
        let name = &rest[..rest.find('}')?];
        let end = format!("\\end{{{name}}}");
        let length = text.find(&end)? + end.len();
        return Some((length, &text[..length], true));
    }
    let rest = text.strip_prefix('$')?;
    // Prices are no formulas: "$5 and $6".
    if before.is_some_and(|c| c.is_ascii_alphanumeric()) || rest.starts_with(char::is_whitespace) {
        return None;
    }
    let mut end = 0;
    loop {
        end += rest[end..].find('$')?;
        if !rest[..end].ends_with('\\') {
            break;
        }
        end += 1;
    }
    let latex = &rest[..end];
    let closes = !latex.is_empty()
        && !latex.ends_with(char::is_whitespace)
        && !latex.contains("\n\n")
        && !rest[end + 1..].starts_with(|c: char| c.is_ascii_digit());
    closes.then_some((end + 2, latex, false))
}

fn mathml(latex: &str, display: bool) -> String {
    let storage = Storage::new();
    let mode = if display { DisplayMode::Block } else { DisplayMode::Inline };
    let config = RenderConfig { display_mode: mode, ..RenderConfig::default() };
    let mut out = String::new();
    // An equation within `$$` may be an `align` of its own; both are read alike.
    let events: Result<Vec<_>, _> = Parser::new(latex.trim(), &storage).collect();
    let written = match events {
        Ok(events) => {
            let events = events.into_iter().map(Ok::<_, std::convert::Infallible>);
            push_mathml(&mut out, events, config).is_ok()
        }
        Err(_) => false,
    };
    if written {
        // `\mu` comes out as the sign for 10^-6, which is never italic.
        return out.replace('\u{b5}', "\u{3bc}");
    }
    let tag = if display { "pre" } else { "code" };
    format!("<{tag} class=\"formula\">{}</{tag}>", kiln_picture::svg::escape(latex))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formulas_are_taken_out_and_put_back() {
        let (text, formulas) = Formulas::take_from("Step $w_1 - \\eta g$ and\n$$\nL\n- 1\n$$\n");
        assert!(!text.contains('$') && !text.contains("- 1"), "{text}");
        let html = formulas.put_into(&text);
        assert_eq!(html.matches("<math").count(), 2, "{html}");
        assert!(html.contains("display=\"block\"") && html.contains("<msub>"), "{html}");
    }

    #[test]
    fn code_and_prices_are_no_formulas() {
        for text in
            ["`$x$`", "```rust\nlet a = \"$b$\";\n```\n", "from $5 to $6", "a \\$ and a \\$", "US$3, US$4"]
        {
            assert_eq!(Formulas::take_from(text).0, text);
        }
        assert!(Formulas::take_from("a `code` and $x$").1.mathml.len() == 1);
    }

    #[test]
    fn environments_need_no_dollars() {
        let (text, formulas) = Formulas::take_from("\\begin{align} a &= b \\\\ c &= d \\end{align} end");
        assert!(text.ends_with(" end") && formulas.mathml[0].contains("<mtable"), "{text} {formulas:?}");
    }

    /// What cannot be read is shown as it was written.
    #[test]
    fn a_wrong_formula_is_shown_as_text() {
        let (text, formulas) = Formulas::take_from("$\\nosuchthing{<}$");
        assert_eq!(formulas.put_into(&text), "<code class=\"formula\">\\nosuchthing{&lt;}</code>");
    }
}
