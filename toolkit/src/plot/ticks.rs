//! Where an axis has its ticks, and what they are called.

/// A place on an axis and its label.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Tick {
    pub(crate) at: f64,
    pub(crate) label: String,
}

/// About `count` ticks at round numbers within `low..=high`; whole numbers only if `integer`.
pub(crate) fn linear(low: f64, high: f64, count: usize, integer: bool) -> Vec<Tick> {
    let span = high - low;
    if !span.is_finite() || span <= 0.0 || count == 0 {
        return vec![Tick { at: low, label: number(low, 0) }];
    }
    let raw = span / count as f64;
    let power = 10_f64.powf(raw.log10().floor());
    let multiples: &[f64] = if integer { &[1.0, 2.0, 5.0] } else { &[1.0, 2.0, 2.5, 5.0] };
    let mut step =
        multiples.iter().map(|m| m * power).find(|step| *step >= raw * 0.999).unwrap_or(10.0 * power);
    if integer {
        step = step.max(1.0);
    }
    let first = (low / step - 1e-9).ceil() as i64;
    let last = (high / step + 1e-9).floor() as i64;
    let places = decimals(step);
    let largest = low.abs().max(high.abs());
    (first..=last)
        .map(|i| {
            let at = i as f64 * step;
            let label =
                if !(1e-3..1e7).contains(&largest) { power_label(at, step) } else { number(at, places) };
            Tick { at, label }
        })
        .collect()
}

/// Ticks of a logarithmic axis: powers of ten, or 1, 2, 5 times them where there are few.
pub(crate) fn logarithmic(low: f64, high: f64, count: usize) -> Vec<Tick> {
    let (a, b) = (low.log10(), high.log10());
    let decades = b - a;
    if !decades.is_finite() || decades <= 0.0 || count == 0 {
        return vec![Tick { at: low, label: short(low) }];
    }
    if decades < 0.7 {
        return linear(low, high, count, false);
    }
    let every = (decades / count as f64).ceil().max(1.0) as i32;
    let multiples: &[f64] = if decades < 2.0 {
        &[1.0, 2.0, 5.0]
    } else if decades < 3.0 && count >= 6 {
        &[1.0, 3.0]
    } else {
        &[1.0]
    };
    let plain = a > -4.1 && b < 5.1 && every == 1;
    let first = a.floor() as i32;
    let first = if every > 1 { first.div_euclid(every) * every } else { first };
    let mut ticks = Vec::new();
    let mut exponent = first;
    while f64::from(exponent) <= b + 1e-9 {
        for m in multiples {
            let at = m * 10_f64.powi(exponent);
            let inside = at.log10() >= a - 1e-9 && at.log10() <= b + 1e-9;
            if inside {
                let label = if plain {
                    number(at, usize::try_from(-exponent).unwrap_or(0))
                } else if (m - 1.0).abs() < 1e-9 {
                    format!("10{}", superscript(exponent))
                } else {
                    format!("{m}·10{}", superscript(exponent))
                };
                ticks.push(Tick { at, label });
            }
        }
        exponent += every;
    }
    ticks
}

/// How many digits behind the point a step needs.
fn decimals(step: f64) -> usize {
    (0..12)
        .find(|&d| (step * 10_f64.powi(d)).fract().min(1.0 - (step * 10_f64.powi(d)).fract()) < 1e-6)
        .unwrap_or(12) as usize
}

/// A number with a real minus sign and, from 10,000 on, commas between thousands.
pub(crate) fn number(value: f64, places: usize) -> String {
    let text = format!("{:.places$}", value.abs());
    let (whole, rest) = text.split_once('.').map_or((text.as_str(), None), |(a, b)| (a, Some(b)));
    let mut grouped = String::new();
    for (i, c) in whole.chars().enumerate() {
        if i > 0 && (whole.len() - i).is_multiple_of(3) && whole.len() > 4 {
            grouped.push(',');
        }
        grouped.push(c);
    }
    let negative = value < 0.0 && text.chars().any(|c| c.is_ascii_digit() && c != '0');
    let sign = if negative { "−" } else { "" };
    rest.map_or_else(|| format!("{sign}{grouped}"), |rest| format!("{sign}{grouped}.{rest}"))
}

/// A number as a person would write it, at four significant digits.
///
/// # Example
/// ```
/// assert_eq!(kiln::plot::short(0.123456), "0.1235");
/// assert_eq!(kiln::plot::short(-1234567.0), "−1.235·10⁶");
/// ```
pub fn short(value: f64) -> String {
    if value == 0.0 {
        return "0".into();
    }
    if value.is_nan() {
        return "NaN".into();
    }
    if value.is_infinite() {
        return if value > 0.0 { "∞".into() } else { "−∞".into() };
    }
    let exponent = value.abs().log10().floor() as i32;
    if !(-4..6).contains(&exponent) {
        let mantissa = value / 10_f64.powi(exponent);
        return format!("{}·10{}", trim(&number(mantissa, 3)), superscript(exponent));
    }
    trim(&number(value, usize::try_from(3 - exponent).unwrap_or(0))).to_string()
}

/// A tick as a multiple of a power of ten.
fn power_label(at: f64, step: f64) -> String {
    if at == 0.0 {
        return "0".into();
    }
    let exponent = at.abs().log10().floor() as i32;
    let mantissa = at / 10_f64.powi(exponent);
    let places = decimals(step / 10_f64.powi(exponent)).min(3);
    if places == 0 && (mantissa - 1.0).abs() < 1e-9 {
        return format!("10{}", superscript(exponent));
    }
    format!("{}·10{}", number(mantissa, places), superscript(exponent))
}

fn trim(text: &str) -> &str {
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { text }
}

/// An integer in raised digits.
pub(crate) fn superscript(value: i32) -> String {
    const DIGITS: [char; 10] = ['⁰', '¹', '²', '³', '⁴', '⁵', '⁶', '⁷', '⁸', '⁹'];
    value.to_string().chars().map(|c| c.to_digit(10).map_or('⁻', |d| DIGITS[d as usize])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(ticks: &[Tick]) -> Vec<&str> {
        ticks.iter().map(|t| t.label.as_str()).collect()
    }

    #[test]
    fn linear_ticks_are_round() {
        assert_eq!(labels(&linear(0.0, 1.0, 5, false)), ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]);
        assert_eq!(labels(&linear(-3.0, 7.0, 5, false)), ["−2", "0", "2", "4", "6"]);
        assert_eq!(labels(&linear(1.0, 3.0, 8, true)), ["1", "2", "3"]);
        assert_eq!(labels(&linear(0.7, 8.3, 5, true)), ["2", "4", "6", "8"]);
        assert_eq!(labels(&linear(0.0, 60_000.0, 4, false)), ["0", "20,000", "40,000", "60,000"]);
        assert_eq!(labels(&linear(0.0, 1.1, 5, false))[1], "0.25");
        assert_eq!(labels(&linear(0.0, 4e-5, 4, false)), ["0", "10⁻⁵", "2·10⁻⁵", "3·10⁻⁵", "4·10⁻⁵"]);
    }

    #[test]
    fn logarithmic_ticks_are_powers_of_ten() {
        assert_eq!(labels(&logarithmic(1e-8, 1.0, 5)), ["10⁻⁸", "10⁻⁶", "10⁻⁴", "10⁻²", "10⁰"]);
        assert_eq!(labels(&logarithmic(0.01, 1.0, 5)), ["0.01", "0.1", "1"]);
        assert_eq!(labels(&logarithmic(1.0, 50.0, 5)), ["1", "2", "5", "10", "20", "50"]);
        assert!(!logarithmic(0.3, 0.9, 5).is_empty());
    }

    #[test]
    fn numbers_are_short() {
        assert_eq!(short(0.5), "0.5");
        assert_eq!(short(12345.0), "12,345");
        assert_eq!(short(1e-9), "1·10⁻⁹");
        assert_eq!(number(-0.0001, 2), "0.00");
    }
}
