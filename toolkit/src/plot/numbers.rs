//! Numbers on their way into JSON: rounded to what can be seen; and the checks of series.

use serde_json::Value;

use super::axis::{Scale, Span};
use super::svg::escape;
use crate::{Error, Result};

/// Rounds to `places` behind the point (before it, if negative).
pub(crate) fn round(value: f64, places: i32) -> f64 {
    let unit = 10_f64.powi(places);
    if unit.is_finite() && unit > 0.0 { (value * unit).round() / unit + 0.0 } else { value }
}

/// Rounds to significant digits.
pub(crate) fn significant(value: f64, digits: usize) -> f64 {
    format!("{value:.*e}", digits.saturating_sub(1)).parse().unwrap_or(value)
}

/// A number, or null where there is none: plotly draws a gap.
pub(crate) fn number(value: f64) -> Value {
    if !value.is_finite() {
        return Value::Null;
    }
    if value.fract() == 0.0 && value.abs() < 9e15 {
        return Value::from(value as i64);
    }
    Value::from(value)
}

/// Numbers rounded to five digits of their span, or to five significant digits for a logarithmic axis, where plotly would
/// draw a line down to a 0 that has no place.
pub(crate) fn array(values: &[f64], scale: Scale) -> Value {
    let span = Span::of(values, Scale::Linear);
    let width = span.high - span.low;
    let rounded = |v: f64| match scale {
        Scale::Linear if width > 0.0 => {
            let text = format!("{:.*}", usize::try_from(4 - width.log10().floor() as i32).unwrap_or(0), v);
            text.parse().unwrap_or(v) + 0.0
        }
        Scale::Linear | Scale::Log => significant(v, 5),
    };
    values.iter().map(|&v| if scale.forward(v).is_nan() { Value::Null } else { number(rounded(v)) }).collect()
}

/// Numbers rounded to four digits of a span.
pub(crate) fn array_within(values: &[f64], low: f64, high: f64) -> Value {
    let width = high - low;
    let places = if width > 0.0 { 3 - width.log10().floor() as i32 } else { 6 };
    let places = usize::try_from(places).unwrap_or(0);
    values
        .iter()
        .map(|&v| {
            if v.is_finite() {
                number(format!("{v:.places$}").parse().unwrap_or(v) + 0.0)
            } else {
                Value::Null
            }
        })
        .collect()
}

/// Text that plotly takes as it is: its own markup is escaped, line breaks are kept, raised and lowered digits become
/// markup, since many fonts have tiny ones or none.
pub(crate) fn plotly_text(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut open = "";
    for c in escape(text).chars() {
        let (tag, plain) = match c {
            '⁰' => ("sup", '0'),
            '¹' => ("sup", '1'),
            '²' => ("sup", '2'),
            '³' => ("sup", '3'),
            '⁴'..='⁹' => ("sup", char::from(b'4' + (c as u32 - '⁴' as u32) as u8)),
            '⁻' => ("sup", '−'),
            'ⁿ' => ("sup", 'n'),
            'ᵀ' => ("sup", 'T'),
            '₀'..='₉' => ("sub", char::from(b'0' + (c as u32 - '₀' as u32) as u8)),
            'ₙ' => ("sub", 'n'),
            other => ("", other),
        };
        if tag != open {
            if !open.is_empty() {
                out.push_str(&format!("</{open}>"));
            }
            if !tag.is_empty() {
                out.push_str(&format!("<{tag}>"));
            }
            open = tag;
        }
        match plain {
            '\n' => out.push_str("<br>"),
            c => out.push(c),
        }
    }
    if !open.is_empty() {
        out.push_str(&format!("</{open}>"));
    }
    out
}

/// Two series of the same length, with at least one pair of finite numbers.
pub(crate) fn check_pair(kind: &str, name: &str, x: &[f64], y: &[f64]) -> Result<()> {
    let who = described(kind, name);
    check_lengths(&who, &[("x", x.len()), ("y", y.len())])?;
    if x.is_empty() {
        return Err(Error::data(format!("{who}: the series is empty")));
    }
    if !x.iter().zip(y).any(|(x, y)| x.is_finite() && y.is_finite()) {
        return Err(Error::data(format!("{who}: none of its {} points is finite", x.len()))
            .with_help("NaN and infinite values are drawn as gaps; here nothing would be left to draw"));
    }
    Ok(())
}

/// The same length for all.
pub(crate) fn check_lengths(who: &str, lengths: &[(&str, usize)]) -> Result<()> {
    let Some(&(first, length)) = lengths.first() else { return Ok(()) };
    for &(name, other) in lengths {
        if other != length {
            return Err(Error::shape(format!("{who}: {first} has {length} values, but {name} has {other}")));
        }
    }
    Ok(())
}

/// A trace in words: ``line `loss` ``.
pub(crate) fn described(kind: &str, name: &str) -> String {
    if name.is_empty() { kind.to_string() } else { format!("{kind} `{name}`") }
}

/// What of two series cannot be shown on axes of these scales, in words.
pub(crate) fn gaps(name: &str, x: &[f64], y: &[f64], x_scale: Scale, y_scale: Scale) -> Option<String> {
    let who = if name.is_empty() { String::new() } else { format!("{name}: ") };
    let broken = x.iter().zip(y).filter(|(x, y)| !x.is_finite() || !y.is_finite()).count();
    let low = x
        .iter()
        .zip(y)
        .filter(|&(&x, &y)| x.is_finite() && y.is_finite())
        .filter(|&(&x, &y)| x_scale.forward(x).is_nan() || y_scale.forward(y).is_nan())
        .count();
    match (broken, low) {
        (0, 0) => None,
        (b, 0) => Some(format!("{who}{b} of {} values not finite (drawn as gaps).", x.len())),
        (0, l) => {
            Some(format!("{who}{l} of {} values at or below 0, without a place on the log axis.", x.len()))
        }
        (b, l) => Some(format!(
            "{who}{b} of {} values not finite, {l} at or below 0 without a place on the log axis.",
            x.len()
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn raised_and_lowered_digits_become_markup() {
        assert_eq!(plotly_text("3·10⁻⁸ < w₁₀"), "3·10<sup>−8</sup> &lt; w<sub>10</sub>");
        assert_eq!(plotly_text("σ²\nL¹ᵀ"), "σ<sup>2</sup><br>L<sup>1T</sup>");
    }

    #[test]
    fn what_has_no_place_on_a_log_axis_is_a_gap() {
        assert_eq!(array(&[1.0, 0.0, -1.0, f64::NAN], Scale::Log), serde_json::json!([1, null, null, null]));
    }

    #[test]
    fn numbers_are_rounded_to_what_can_be_seen() {
        let json = |v: &[f64], s| serde_json::to_string(&array(v, s)).unwrap();
        assert_eq!(json(&[0.123_456_789, 1.0, f64::NAN], Scale::Linear), "[0.12346,1,null]");
        assert_eq!(json(&[1.234_567e-7, 1.0], Scale::Log), "[1.2346e-7,1]");
        assert_eq!(json(&[60_000.0, 60_001.0], Scale::Linear), "[60000,60001]");
    }
}
