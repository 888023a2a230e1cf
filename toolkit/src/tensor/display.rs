//! How a tensor prints: like NumPy's arrays.

use super::{DType, Tensor};
use std::fmt;

/// More elements than this are shortened with `...`.
const SHOWN_WHOLE: usize = 1000;
/// How many rows or columns are shown at each end of a shortened axis.
const EDGE: usize = 3;
const LINE_WIDTH: usize = 75;
const CUT: &str = "...";

impl fmt::Display for Tensor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let here = match self.to_host() {
            Ok(here) => here,
            Err(error) => return write!(f, "no numbers: {error}"),
        };
        if self.rank() == 0 && self.dtype() != DType::Int32 {
            return f.write_str(&scalar(here.number(0), self.dtype()));
        }
        let shortened = self.len() > SHOWN_WHOLE;
        let mut shown = Vec::new();
        here.collect(0, 0, shortened, &mut shown);
        let style = Style::for_numbers(&shown, self.dtype());
        let mut text = String::new();
        here.write_axis(&mut text, 0, 0, shortened, &style);
        f.write_str(&text)
    }
}

impl fmt::Debug for Tensor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}\n(shape {}, {})", self.shape(), self.dtype().name())
    }
}

impl Tensor {
    fn visible(size: usize, shortened: bool) -> impl Iterator<Item = Option<usize>> {
        let cut = shortened && size > 2 * EDGE;
        let head = if cut { EDGE } else { size };
        let tail = if cut { size - EDGE } else { size };
        (0..head).map(Some).chain(cut.then_some(None)).chain((tail..size).map(Some))
    }

    fn collect(&self, axis: usize, first: usize, shortened: bool, shown: &mut Vec<f64>) {
        let Some(&size) = self.shape().get(axis) else { return shown.push(self.number(first)) };
        let step: usize = self.shape()[axis + 1..].iter().product();
        for index in Self::visible(size, shortened).flatten() {
            self.collect(axis + 1, first + index * step, shortened, shown);
        }
    }

    fn write_axis(&self, text: &mut String, axis: usize, first: usize, shortened: bool, style: &Style) {
        let Some(&size) = self.shape().get(axis) else {
            text.push_str(&style.format(self.number(first)));
            return;
        };
        let step: usize = self.shape()[axis + 1..].iter().product();
        let innermost = axis + 1 == self.rank();
        text.push('[');
        // NumPy keeps a place free for each closing bracket.
        let room = LINE_WIDTH - axis - 1;
        let mut line = axis + 1;
        for (count, index) in Self::visible(size, shortened).enumerate() {
            let width = if index.is_some() { style.width() } else { CUT.len() };
            if count > 0 && innermost {
                line += 1;
                if line + width > room {
                    text.truncate(text.trim_end_matches(' ').len());
                    text.push('\n');
                    text.push_str(&" ".repeat(axis + 1));
                    line = axis + 1;
                } else {
                    text.push(' ');
                }
            } else if count > 0 {
                text.push_str(&"\n".repeat(self.rank() - axis - 1));
                text.push_str(&" ".repeat(axis + 1));
            }
            match index {
                Some(index) => self.write_axis(text, axis + 1, first + index * step, shortened, style),
                None => text.push_str(CUT),
            }
            line += width;
        }
        text.push(']');
    }
}

/// One format for all numbers of a tensor, as NumPy chooses it: each number in as few digits as tell it apart, at most
/// eight behind the point, padded so that the points stand below each other.
struct Style {
    dtype: DType,
    exponent: bool,
    /// Digits behind the point: those of the longest number.
    digits: usize,
    /// Signs in front of the point and behind it.
    left: usize,
    right: usize,
}

/// NumPy's `precision`.
const PRECISION: usize = 8;

impl Style {
    fn for_numbers(numbers: &[f64], dtype: DType) -> Self {
        let finite: Vec<f64> = numbers.iter().copied().filter(|number| number.is_finite()).collect();
        let sizes = || finite.iter().map(|number| number.abs()).filter(|&size| size > 0.0);
        let largest = sizes().fold(0.0, f64::max);
        let smallest = sizes().fold(f64::INFINITY, f64::min);
        let exponent = dtype != DType::Int32
            && largest > 0.0
            && (largest >= largest_plain(dtype) || smallest < 1e-4 || largest / smallest > 1000.0);
        let mut style = Self { dtype, exponent, digits: 0, left: 0, right: 0 };
        let texts: Vec<String> = finite.iter().map(|&number| style.shortest(number)).collect();
        for text in &texts {
            let (mantissa, power) = text.split_once('e').unwrap_or((text, ""));
            let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
            style.left = style.left.max(whole.len());
            style.digits = style.digits.max(fraction.len());
            style.right = style.right.max(if power.is_empty() { 0 } else { power.len() + 1 });
        }
        style.right += style.digits;
        if dtype == DType::Int32 {
            return style;
        }
        let behind = style.right + 1;
        for number in numbers.iter().filter(|number| !number.is_finite()) {
            style.left = style.left.max(special(*number).len().saturating_sub(behind));
        }
        style
    }

    fn width(&self) -> usize {
        self.left + self.right + usize::from(self.dtype != DType::Int32)
    }

    /// The number in as few digits as tell it apart, at most eight behind the point: `1.`, `0.25`, `1.5e-10`.
    fn shortest(&self, number: f64) -> String {
        if self.dtype == DType::Int32 {
            return format!("{number:.0}");
        }
        // Rust's own display is the shortest that reads back, in the type's precision.
        let shortest = match (self.dtype, self.exponent) {
            (DType::Float64, true) => format!("{number:e}"),
            (DType::Float64, false) => format!("{number}"),
            (_, true) => format!("{:e}", number as f32),
            (_, false) => format!("{}", number as f32),
        };
        let (mantissa, power) = shortest.split_once('e').unwrap_or((&shortest, ""));
        let long = mantissa.split_once('.').is_some_and(|(_, fraction)| fraction.len() > PRECISION);
        let cut = match (long, self.exponent) {
            (false, _) => return with_point(mantissa, power),
            (true, true) => format!("{number:.PRECISION$e}"),
            (true, false) => format!("{number:.PRECISION$}"),
        };
        let (mantissa, power) = cut.split_once('e').unwrap_or((&cut, ""));
        with_point(mantissa.trim_end_matches('0'), power)
    }

    fn format(&self, number: f64) -> String {
        let width = self.width();
        if self.dtype == DType::Int32 {
            return format!("{number:>width$.0}");
        }
        if !number.is_finite() {
            return format!("{:>width$}", special(number));
        }
        let (left, right, digits) = (self.left, self.right, self.digits);
        if self.exponent {
            // As many digits for all, those of the number itself, not zeros.
            let text = format!("{number:.digits$e}");
            let (mantissa, power) = text.split_once('e').unwrap_or((&text, "0"));
            return format!("{:>width$}", with_point(mantissa, power));
        }
        let text = self.shortest(number);
        let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
        format!("{whole:>left$}.{fraction:<right$}")
    }
}

/// From this size on NumPy writes numbers with a power: what the type tells apart, at most eight digits.
fn largest_plain(dtype: DType) -> f64 {
    if dtype == DType::Float64 { 1e8 } else { 1e6 }
}

/// A single number, as Python writes it: `3.0`, `1e-10`.
fn scalar(number: f64, dtype: DType) -> String {
    let size = number.abs();
    let most = if dtype == DType::Float64 { 1e16 } else { largest_plain(dtype) };
    let exponent = size > 0.0 && !(1e-4..most).contains(&size);
    let text = match (dtype, exponent) {
        _ if !number.is_finite() => return special(number).into(),
        (DType::Float64, true) => format!("{number:e}"),
        (DType::Float64, false) => format!("{number:?}"),
        (_, true) => format!("{:e}", number as f32),
        (_, false) => {
            let text = format!("{}", number as f32);
            if text.contains('.') { text } else { text + ".0" }
        }
    };
    match text.split_once('e') {
        Some((mantissa, power)) => with_power(mantissa.into(), power),
        None => text,
    }
}

fn special(number: f64) -> &'static str {
    match number {
        number if number.is_nan() => "nan",
        number if number > 0.0 => "inf",
        _ => "-inf",
    }
}

/// A number as NumPy writes it in an array: always with a point.
fn with_point(mantissa: &str, power: &str) -> String {
    let point = if mantissa.contains('.') { "" } else { "." };
    with_power(format!("{mantissa}{point}"), power)
}

/// A power of at least two digits and with its sign behind the mantissa, if there is one.
fn with_power(mantissa: String, power: &str) -> String {
    match power.parse::<i32>() {
        Ok(power) => format!("{mantissa}e{power:+03}"),
        Err(_) => mantissa,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The texts are NumPy's for the same arrays (`print(np.array(..., dtype=np.float32))`); many more are compared in
    /// the suite.
    #[test]
    fn tensors_print_as_numpy_does() {
        assert_eq!(Tensor::new([1.0, 2.5, -3.0]).to_string(), "[ 1.   2.5 -3. ]");
        assert_eq!(Tensor::new([[1.0, 2.0], [3.0, 4.0]]).to_string(), "[[1. 2.]\n [3. 4.]]");
        assert_eq!(Tensor::new([3, 10]).to_string(), "[ 3 10]");
        assert_eq!(Tensor::scalar(0.5).to_string(), "0.5");
        assert_eq!(Tensor::new([1e-10, 1.0]).to_string(), "[1.e-10 1.e+00]");
        assert_eq!(
            Tensor::arange(2000).to_string(),
            "[0.000e+00 1.000e+00 2.000e+00 ... 1.997e+03 1.998e+03 1.999e+03]"
        );
        assert_eq!(Tensor::zeros([2, 2, 2]).to_string(), "[[[0. 0.]\n  [0. 0.]]\n\n [[0. 0.]\n  [0. 0.]]]");
    }
}
