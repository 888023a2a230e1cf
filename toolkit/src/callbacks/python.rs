//! Numbers and texts as Python writes them: Keras's files and paths follow it.

use crate::{Error, Result};

/// A number in a placeholder.
pub(super) enum Number {
    Integer(i64),
    Float(f64),
}

/// A float as Python prints it: the shortest digits that read back, with an exponent below 1e-4 and from 1e16 on.
pub(super) fn repr(value: f64) -> String {
    if value.is_nan() {
        return "nan".into();
    }
    if value.is_infinite() {
        return if value > 0.0 { "inf".into() } else { "-inf".into() };
    }
    let scientific = format!("{value:e}");
    let (digits, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or_default();
    if value != 0.0 && !(-4..16).contains(&exponent) {
        return with_exponent(digits, exponent);
    }
    let plain = value.to_string();
    if plain.contains('.') { plain } else { format!("{plain}.0") }
}

fn with_exponent(digits: &str, exponent: i32) -> String {
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{digits}e{sign}{:02}", exponent.abs())
}

/// `str.format` for what paths need: `{name}`, and after a colon a zero, a width, a precision and `d`, `f` or `e`.
pub(super) fn format(text: &str, value: impl Fn(&str) -> Option<Number>) -> Result<String> {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(['{', '}']) {
        out.push_str(&rest[..at]);
        let brace = &rest[at..=at];
        rest = &rest[at + 1..];
        if rest.starts_with(brace) {
            out.push_str(brace);
            rest = &rest[1..];
            continue;
        }
        let Some((inside, behind)) = rest.split_once('}').filter(|_| brace == "{") else {
            return Err(Error::argument(format!("`{text}` has a brace without its partner"))
                .with_help("a brace that is meant is written twice: {{ or }}"));
        };
        rest = behind;
        let (name, spec) = inside.split_once(':').unwrap_or((inside, ""));
        let number = value(name).ok_or_else(|| {
            Error::argument(format!("there is no number `{name}` for the placeholder in `{text}`"))
                .with_help("there are epoch, with save_freq batch, and what the logs hold")
        })?;
        let written = written(&number, spec).ok_or_else(|| {
            Error::argument(format!("`{{{inside}}}` is no placeholder that can be filled"))
                .with_help("such as {epoch:02d}, {val_loss:.2f} or {val_loss:.3e}")
        })?;
        out.push_str(&written);
    }
    Ok(out + rest)
}

fn written(number: &Number, spec: &str) -> Option<String> {
    let kind = spec.chars().last().filter(char::is_ascii_alphabetic);
    let spec = kind.map_or(spec, |kind| spec.strip_suffix(kind).unwrap_or(spec));
    let (width, precision) = match spec.split_once('.') {
        Some((width, precision)) => (width, Some(precision.parse::<usize>().ok()?)),
        None => (spec, None),
    };
    let zeros = width.starts_with('0');
    let width: usize = if width.is_empty() { 0 } else { width.parse().ok()? };
    let float = match number {
        Number::Integer(value) => *value as f64,
        Number::Float(value) => *value,
    };
    let places = precision.unwrap_or(6);
    let text = match (kind, number) {
        (None | Some('d'), Number::Integer(value)) if precision.is_none() => value.to_string(),
        (None, Number::Float(value)) if precision.is_none() => repr(*value),
        (Some('f'), _) if float.is_finite() => format!("{float:.places$}"),
        (Some('e'), _) if float.is_finite() => {
            let text = format!("{float:.places$e}");
            let (digits, exponent) = text.split_once('e')?;
            with_exponent(digits, exponent.parse().ok()?)
        }
        (Some('f' | 'e'), _) => repr(float),
        _ => return None,
    };
    let fill = width.saturating_sub(text.len());
    Some(match (zeros, text.strip_prefix('-')) {
        (true, Some(digits)) => format!("-{}{digits}", "0".repeat(fill)),
        (true, None) => format!("{}{text}", "0".repeat(fill)),
        (false, _) => format!("{}{text}", " ".repeat(fill)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Printed by Python 3.11.
    #[test]
    fn numbers_read_as_in_python() {
        let known = [
            (1.0, "1.0"),
            (0.0, "0.0"),
            (-0.25, "-0.25"),
            (1e-5, "1e-05"),
            (0.0001, "0.0001"),
            (1.5e-7, "1.5e-07"),
            (1e16, "1e+16"),
            (1.25e22, "1.25e+22"),
            (9_007_199_254_740_993.0, "9007199254740992.0"),
            (0.347_222_208_976_745_6, "0.3472222089767456"),
            (f64::NAN, "nan"),
            (f64::NEG_INFINITY, "-inf"),
        ];
        for (value, text) in known {
            assert_eq!(repr(value), text);
        }
    }

    /// `"...".format(epoch=7, val_loss=0.12345, big=-1234567.0)` in Python 3.11.
    #[test]
    fn placeholders_read_as_in_python() {
        let filled = |text: &str| {
            format(text, |name| match name {
                "epoch" => Some(Number::Integer(7)),
                "val_loss" => Some(Number::Float(0.12345)),
                "big" => Some(Number::Float(-1_234_567.0)),
                _ => None,
            })
        };
        for (text, expected) in [
            ("plain.keras", "plain.keras"),
            ("m{epoch}.keras", "m7.keras"),
            ("m{epoch:02d}-{val_loss:.2f}.keras", "m07-0.12.keras"),
            ("{epoch:4d}|{epoch:.1f}|{epoch:e}", "   7|7.0|7.000000e+00"),
            (
                "{val_loss}|{val_loss:f}|{val_loss:.3e}|{val_loss:08.3f}",
                "0.12345|0.123450|1.235e-01|0000.123",
            ),
            ("{big}|{big:e}|{big:014.1f}", "-1234567.0|-1.234567e+06|-00001234567.0"),
            ("{{epoch}}-{epoch}", "{epoch}-7"),
        ] {
            assert_eq!(filled(text).unwrap(), expected);
        }
        for wrong in ["{loss}", "{epoch", "epoch}", "{val_loss:d}", "{epoch:x}"] {
            assert!(filled(wrong).is_err(), "{wrong}");
        }
    }
}
