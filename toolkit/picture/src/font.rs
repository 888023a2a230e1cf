//! Text as outlines of the bundled font, so that it looks the same on every machine.

use std::sync::OnceLock;

use ttf_parser::{Face, GlyphId, OutlineBuilder};

use super::path::{Path, Segment};

static BYTES: &[u8] = include_bytes!("../assets/fonts/KilnSans-Regular.otf");

/// Units of the font in one em.
pub const EM: f64 = 1000.0;

/// The size of raised and lowered letters.
const SMALL: f64 = 0.64;

/// A glyph at its place in a run of text, in font units with y pointing down.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Glyph {
    /// Its number in the font.
    pub id: u16,
    /// From the start of the run.
    pub x: f64,
    /// From the baseline.
    pub y: f64,
    /// Its size: 1 unless it is raised or lowered.
    pub scale: f64,
    /// What it stands for.
    pub letter: char,
}

/// A run of text, laid out from x = 0 on the baseline.
#[derive(Debug, Clone, Default)]
pub struct Run {
    /// The glyphs in order.
    pub glyphs: Vec<Glyph>,
    /// How far the run advances.
    pub width: f64,
}

fn face() -> Option<&'static Face<'static>> {
    static FACE: OnceLock<Option<Face<'static>>> = OnceLock::new();
    FACE.get_or_init(|| Face::parse(BYTES, 0).ok()).as_ref()
}

/// The width of a text in pixels at this size.
pub fn width(text: &str, size: f64) -> f64 {
    layout(text).width * size / EM
}

/// Places the glyphs of a text. Raised and lowered digits, and hats and bars over letters, are put together from
/// letters that the font has.
pub fn layout(text: &str) -> Run {
    let mut run = Run::default();
    let Some(face) = face() else { return run };
    let mut last_width = 0.0;
    // The font's own ellipsis hangs in the middle of the line, and its double bar is a wide one.
    let text = text.replace('…', "...").replace('‖', "||");
    for c in text.chars() {
        let (base, mark) = split_mark(c);
        if let Some(base) = base {
            let (letter, scale, rise) = raised(base);
            let id = face.glyph_index(letter).unwrap_or(GlyphId(0));
            last_width = f64::from(face.glyph_hor_advance(id).unwrap_or(0)) * scale;
            run.glyphs.push(Glyph { id: id.0, x: run.width, y: rise, scale, letter: base });
            run.width += last_width;
        }
        if let Some((mark, rise)) = mark {
            let id = face.glyph_index(mark).unwrap_or(GlyphId(0));
            let scale = 0.72;
            let mark_width = f64::from(face.glyph_hor_advance(id).unwrap_or(0)) * scale;
            let x = run.width - (last_width + mark_width) / 2.0;
            let low = base_is_low(&text, c);
            let y = if low { rise + 190.0 } else { rise };
            run.glyphs.push(Glyph { id: id.0, x, y, scale, letter: c });
        }
    }
    run
}

/// Splits a letter with a hat or a bar that the font lacks, or a combining mark, from the letter below.
fn split_mark(c: char) -> (Option<char>, Option<(char, f64)>) {
    const HAT: (char, f64) = ('^', -235.0);
    const BAR: (char, f64) = ('¯', -120.0);
    match c {
        'ŷ' => (Some('y'), Some(HAT)),
        'ŵ' => (Some('w'), Some(HAT)),
        '\u{302}' => (None, Some(HAT)),
        '\u{304}' | '\u{305}' => (None, Some(BAR)),
        _ => (Some(c), None),
    }
}

/// Whether the letter under the mark `c` is a small one without an ascender.
fn base_is_low(text: &str, c: char) -> bool {
    let base = match c {
        'ŷ' | 'ŵ' => 'y',
        _ => text.chars().zip(text.chars().skip(1)).find(|&(_, m)| m == c).map_or('x', |(b, _)| b),
    };
    "acegmnopqrsuvwxyzηθγω".contains(base)
}

/// The letter to draw for a raised or lowered one, with its size and its shift (down is positive).
fn raised(c: char) -> (char, f64, f64) {
    const UP: f64 = -340.0;
    const DOWN: f64 = 130.0;
    let up = |letter| (letter, SMALL, UP);
    let down = |letter| (letter, SMALL, DOWN);
    match c {
        '⁰' => up('0'),
        '¹' => up('1'),
        '²' => up('2'),
        '³' => up('3'),
        '⁴' => up('4'),
        '⁵' => up('5'),
        '⁶' => up('6'),
        '⁷' => up('7'),
        '⁸' => up('8'),
        '⁹' => up('9'),
        '⁺' => up('+'),
        '⁻' => up('−'),
        'ⁿ' => up('n'),
        'ⁱ' => up('i'),
        'ᵀ' => up('T'),
        'ᵃ' => up('a'),
        'ᵇ' => up('b'),
        'ᶜ' => up('c'),
        'ᵈ' => up('d'),
        'ᵉ' => up('e'),
        'ᵏ' => up('k'),
        'ˡ' => up('l'),
        'ᵐ' => up('m'),
        'ᵖ' => up('p'),
        'ᵗ' => up('t'),
        'ˣ' => up('x'),
        'ʸ' => up('y'),
        'ᶻ' => up('z'),
        '⁽' => up('('),
        '⁾' => up(')'),
        '′' => ('\'', 1.0, 0.0),
        '₀'..='₉' => down(char::from_digit(c as u32 - '₀' as u32, 10).unwrap_or('0')),
        '₊' => down('+'),
        '₋' => down('−'),
        'ₐ' => down('a'),
        'ₑ' => down('e'),
        'ᵢ' => down('i'),
        'ⱼ' => down('j'),
        'ₖ' => down('k'),
        'ₗ' => down('l'),
        'ₘ' => down('m'),
        'ₙ' => down('n'),
        'ₒ' => down('o'),
        'ₜ' => down('t'),
        'ₓ' => down('x'),
        '✗' | '✘' => ('×', 1.0, 0.0),
        '\u{2003}' | '\u{2009}' | '\u{202f}' => (' ', 1.0, 0.0),
        _ => (c, 1.0, 0.0),
    }
}

/// The advance of a glyph in font units.
pub fn advance(id: u16) -> f64 {
    face().and_then(|face| face.glyph_hor_advance(GlyphId(id))).map_or(0.0, f64::from)
}

/// The outline of a glyph in font units, y pointing down.
pub fn outline(id: u16) -> Path {
    struct Builder(Vec<Segment>);
    impl OutlineBuilder for Builder {
        fn move_to(&mut self, x: f32, y: f32) {
            self.0.push(Segment::Move(x.into(), -f64::from(y)));
        }
        fn line_to(&mut self, x: f32, y: f32) {
            self.0.push(Segment::Line(x.into(), -f64::from(y)));
        }
        fn quad_to(&mut self, x1: f32, y1: f32, x: f32, y: f32) {
            self.0.push(Segment::Quad(x1.into(), -f64::from(y1), x.into(), -f64::from(y)));
        }
        fn curve_to(&mut self, x1: f32, y1: f32, x2: f32, y2: f32, x: f32, y: f32) {
            self.0.push(Segment::Cubic(
                x1.into(),
                -f64::from(y1),
                x2.into(),
                -f64::from(y2),
                x.into(),
                -f64::from(y),
            ));
        }
        fn close(&mut self) {
            self.0.push(Segment::Close);
        }
    }
    let mut builder = Builder(Vec::new());
    if let Some(face) = face() {
        face.outline_glyph(GlyphId(id), &mut builder);
    }
    Path(builder.0)
}

/// Breaks a text at spaces into lines of at most `limit` pixels; a word that is too long is broken anywhere.
pub fn wrap(text: &str, size: f64, limit: f64) -> Vec<String> {
    let mut lines = Vec::new();
    for paragraph in text.split('\n') {
        let mut line = String::new();
        for word in paragraph.split(' ').filter(|word| !word.is_empty()) {
            let longer = if line.is_empty() { word.to_string() } else { format!("{line} {word}") };
            if width(&longer, size) <= limit {
                line = longer;
                continue;
            }
            if !line.is_empty() {
                lines.push(std::mem::take(&mut line));
            }
            for c in word.chars() {
                if !line.is_empty() && width(&line, size) + width(c.encode_utf8(&mut [0; 4]), size) > limit {
                    lines.push(std::mem::take(&mut line));
                }
                line.push(c);
            }
        }
        lines.push(line);
    }
    lines
}

/// A text cut with an ellipsis to at most `limit` pixels.
pub fn fit(text: &str, size: f64, limit: f64) -> String {
    if width(text, size) <= limit {
        return text.to_string();
    }
    let mut cut = String::new();
    for c in text.chars() {
        if width(&cut, size) + width(c.encode_utf8(&mut [0; 4]), size) + width("…", size) > limit {
            break;
        }
        cut.push(c);
    }
    format!("{}…", cut.trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Everything the lecture writes on its figures has a glyph.
    #[test]
    fn korean_greek_and_raised_letters_have_glyphs() {
        for text in ["손실 함수의 지역적 극소", "θₜ₊₁ = θₜ − η∇L(θ)", "10⁻³ ŷ ŵ β₁ ‖w‖² ≤ ∞ x\u{304}"]
        {
            assert!(layout(text).glyphs.iter().all(|g| g.id != 0), "{text}");
        }
    }

    #[test]
    fn long_texts_are_wrapped_and_cut() {
        let lines = wrap("a rather long title that does not fit", 20.0, 150.0);
        assert!(lines.len() > 1 && lines.iter().all(|line| width(line, 20.0) <= 150.0));
        assert!(wrap(&"x".repeat(200), 20.0, 100.0).iter().all(|line| width(line, 20.0) <= 100.0));
        assert!(fit("a very long label", 16.0, 60.0).ends_with('…'));
        assert_eq!(fit("short", 16.0, 60.0), "short");
    }
}
