//! Markdown cells as HTML.

use pulldown_cmark::{CowStr, Event, Options, Parser, Tag, TagEnd, html};

use super::formulas::Formulas;
use super::highlight::rust;

/// A cell's Markdown as HTML: formulas as MathML, Rust coloured, attached pictures inside.
///
/// `attachment` gives the data address of a picture that is attached to the cell.
pub(super) fn to_html(text: &str, attachment: impl Fn(&str) -> Option<String>) -> String {
    let (text, formulas) = Formulas::take_from(text);
    let options = Options::ENABLE_TABLES
        | Options::ENABLE_STRIKETHROUGH
        | Options::ENABLE_TASKLISTS
        | Options::ENABLE_FOOTNOTES;
    let mut code: Option<String> = None;
    let events = Parser::new_ext(&text, options).filter_map(|event| match event {
        Event::Start(Tag::CodeBlock(_)) => {
            code = Some(String::new());
            None
        }
        Event::Text(text) if code.is_some() => {
            if let Some(code) = &mut code {
                code.push_str(&text);
            }
            None
        }
        Event::End(TagEnd::CodeBlock) => {
            let html = format!("<pre class=\"code\">{}</pre>\n", rust(&code.take().unwrap_or_default()));
            Some(Event::Html(CowStr::from(html)))
        }
        Event::Start(Tag::Image { link_type, dest_url, title, id }) => {
            let inside = dest_url.strip_prefix("attachment:").and_then(&attachment);
            let dest_url = inside.map_or(dest_url, CowStr::from);
            Some(Event::Start(Tag::Image { link_type, dest_url, title, id }))
        }
        other => Some(other),
    });
    let mut out = String::new();
    html::push_html(&mut out, events);
    formulas.put_into(&out)
}

/// The first heading of a text: its level and its words.
pub(in crate::cli) fn heading(text: &str) -> Option<(usize, String)> {
    text.lines().find_map(|line| {
        let level = line.chars().take_while(|c| *c == '#').count();
        let words = line.get(level..)?.strip_prefix(' ')?.trim().trim_end_matches('#').trim_end();
        ((1..=6).contains(&level) && !words.is_empty()).then(|| (level, words.to_owned()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_formulas_and_code_together() {
        let html =
            to_html("## A\n\n| x | $x^2$ |\n|---|---|\n| 1 | 1 |\n\n```rust\nlet a = 1;\n```\n", |_| None);
        for part in ["<h2>A</h2>", "<table>", "<msup>", "<span class=\"k\">let</span>"] {
            assert!(html.contains(part), "{part} in {html}");
        }
    }

    #[test]
    fn attached_pictures_come_inside() {
        let html = to_html("![a](attachment:a.png)", |name| {
            (name == "a.png").then(|| "data:image/png;base64,AA".into())
        });
        assert!(html.contains("src=\"data:image/png;base64,AA\""), "{html}");
    }

    #[test]
    fn headings_are_found() {
        assert_eq!(heading("text\n## 기울기 ##\n"), Some((2, "기울기".into())));
        assert_eq!(heading("#no heading"), None);
    }
}
