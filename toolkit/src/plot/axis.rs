//! Axes: scale, range, ticks; and the map from data to pixels.

use super::ticks::{self, Tick};

/// Whether equal steps on an axis are equal differences or equal ratios.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Scale {
    /// Equal differences.
    #[default]
    Linear,
    /// Equal ratios; values at or below 0 have no place and become gaps.
    Log,
}

impl Scale {
    /// The number that is proportional to pixels; NaN where the value has no place on the axis.
    pub(crate) fn forward(self, value: f64) -> f64 {
        match self {
            Scale::Linear if value.is_finite() => value,
            Scale::Log if value.is_finite() && value > 0.0 => value.log10(),
            Scale::Linear | Scale::Log => f64::NAN,
        }
    }

    pub(crate) fn backward(self, value: f64) -> f64 {
        match self {
            Scale::Linear => value,
            Scale::Log => 10_f64.powf(value),
        }
    }
}

/// One axis of a panel.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Axis {
    pub(crate) title: String,
    pub(crate) scale: Scale,
    pub(crate) range: Option<(f64, f64)>,
    /// Names at 0, 1, 2, ... instead of numbers.
    pub(crate) categories: Option<Vec<String>>,
    pub(crate) integer: bool,
    pub(crate) reversed: bool,
}

/// The smallest and the largest number that has a place on an axis.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Span {
    pub(crate) low: f64,
    pub(crate) high: f64,
}

impl Span {
    pub(crate) const EMPTY: Span = Span { low: f64::INFINITY, high: f64::NEG_INFINITY };

    pub(crate) fn of(values: &[f64], scale: Scale) -> Self {
        values.iter().fold(Self::EMPTY, |span, &v| span.with(v, scale))
    }

    pub(crate) fn with(self, value: f64, scale: Scale) -> Self {
        if scale.forward(value).is_nan() {
            return self;
        }
        Self { low: self.low.min(value), high: self.high.max(value) }
    }

    pub(crate) fn join(self, other: Self) -> Self {
        Self { low: self.low.min(other.low), high: self.high.max(other.high) }
    }

    pub(crate) fn is_empty(self) -> bool {
        self.low > self.high
    }
}

/// What a trace needs of the axes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Extent {
    pub(crate) x: Span,
    pub(crate) y: Span,
    /// The data fills the panel to its edges: images, heat maps.
    pub(crate) tight: bool,
    /// The data stands on 0: no room below it.
    pub(crate) grounded: bool,
}

impl Extent {
    pub(crate) const EMPTY: Extent = Extent { x: Span::EMPTY, y: Span::EMPTY, tight: false, grounded: false };
}

/// A resolved axis: data `low..high` lies at pixels `from..to`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct AxisMap {
    pub(crate) scale: Scale,
    pub(crate) low: f64,
    pub(crate) high: f64,
    pub(crate) from: f64,
    pub(crate) to: f64,
}

impl AxisMap {
    /// The pixel of a value; NaN where it has none. Far outside values are pulled in, so that painters cope.
    pub(crate) fn at(&self, value: f64) -> f64 {
        let (a, b) = (self.scale.forward(self.low), self.scale.forward(self.high));
        let t = (self.scale.forward(value) - a) / (b - a);
        let pixel = self.from + t * (self.to - self.from);
        if pixel.is_nan() { f64::NAN } else { pixel.clamp(-20_000.0, 20_000.0) }
    }

    /// The range in the numbers plotly wants: exponents on a logarithmic axis.
    pub(crate) fn plotly_range(&self) -> (f64, f64) {
        (self.scale.forward(self.low), self.scale.forward(self.high))
    }
}

impl Axis {
    /// The range to show for this data: padded, never empty, positive on a logarithmic axis.
    pub(crate) fn resolve(&self, span: Span, tight: bool, grounded: bool) -> (f64, f64) {
        if let Some((low, high)) = self.range {
            let valid =
                !self.scale.forward(low).is_nan() && !self.scale.forward(high).is_nan() && low != high;
            if valid {
                return (low, high);
            }
        }
        if let Some(names) = &self.categories {
            return self.oriented(-0.5, names.len().max(1) as f64 - 0.5);
        }
        if span.is_empty() {
            return if self.scale == Scale::Log { (0.1, 10.0) } else { (0.0, 1.0) };
        }
        let (a, b) = (self.scale.forward(span.low), self.scale.forward(span.high));
        let width = b - a;
        let flat = width <= a.abs().max(b.abs()) * 1e-12;
        let (a, b) = if flat {
            let half = match self.scale {
                Scale::Log => 0.5,
                Scale::Linear if self.integer || a == 0.0 => 1.0,
                Scale::Linear => a.abs() * 0.1,
            };
            (a - half, b + half)
        } else if tight {
            (a, b)
        } else {
            let on_ground = grounded && self.scale == Scale::Linear;
            let below = if on_ground && a == 0.0 { 0.0 } else { width * 0.045 };
            let above = if on_ground && b == 0.0 { 0.0 } else { width * 0.045 };
            (a - below, b + above)
        };
        self.oriented(self.scale.backward(a), self.scale.backward(b))
    }

    fn oriented(&self, low: f64, high: f64) -> (f64, f64) {
        if self.reversed { (high, low) } else { (low, high) }
    }

    /// About `count` ticks for the resolved range.
    pub(crate) fn ticks(&self, (low, high): (f64, f64), count: usize) -> Vec<Tick> {
        let (low, high) = (low.min(high), low.max(high));
        if let Some(names) = &self.categories {
            return names
                .iter()
                .enumerate()
                .map(|(i, name)| Tick { at: i as f64, label: name.clone() })
                .filter(|tick| tick.at >= low && tick.at <= high)
                .collect();
        }
        match self.scale {
            Scale::Linear => ticks::linear(low, high, count, self.integer),
            Scale::Log => ticks::logarithmic(low, high, count),
        }
    }
}
