//! Rust code in colours.

use kiln_picture::svg::escape;
use ra_ap_syntax::{Edition, NodeOrToken, SourceFile, SyntaxKind};

/// The code as HTML: keywords `k`, literals `s` and `n`, comments `c`, types `t`, macros and functions `f`.
pub(super) fn rust(code: &str) -> String {
    let parsed = SourceFile::parse(code, Edition::CURRENT);
    let mut out = String::with_capacity(code.len() * 2);
    let root = parsed.syntax_node();
    let tokens = root.descendants_with_tokens().filter_map(NodeOrToken::into_token);
    for token in tokens {
        let text = escape(token.text());
        let class = match token.kind() {
            SyntaxKind::COMMENT => "c",
            SyntaxKind::STRING | SyntaxKind::CHAR | SyntaxKind::BYTE_STRING | SyntaxKind::BYTE => "s",
            SyntaxKind::INT_NUMBER | SyntaxKind::FLOAT_NUMBER => "n",
            SyntaxKind::IDENT if token.text().starts_with(char::is_uppercase) => "t",
            kind if kind.is_keyword(Edition::CURRENT) => "k",
            _ => {
                out.push_str(&text);
                continue;
            }
        };
        out.push_str(&format!("<span class=\"{class}\">{text}</span>"));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_of_the_code_stays() {
        let code = "let x: Vec<f64> = vec![1.0]; // <가>\nfigure?";
        let html = rust(code);
        let plain: String =
            html.split('<').map(|piece| piece.split_once('>').map_or(piece, |p| p.1)).collect();
        assert_eq!(plain, escape(code));
        assert!(
            html.contains("<span class=\"k\">let</span>") && html.contains("<span class=\"t\">Vec</span>"),
            "{html}"
        );
    }
}
