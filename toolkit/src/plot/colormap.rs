//! Scales of colour for heat maps and surfaces.

use super::theme::{Rgb, Theme};

/// How numbers become colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Colors {
    /// From the background to a strong blue: counts, shares.
    #[default]
    Sequential,
    /// Deep below, pale above, so that coloured paths stand out: surfaces.
    Terrain,
    /// Blue below the middle, red above: weights.
    Diverging,
}

impl Colors {
    /// The scale's colours, evenly spaced from the lowest to the highest value.
    pub(crate) fn stops(self, theme: &Theme) -> Vec<Rgb> {
        match (self, theme.dark) {
            (Colors::Sequential, false) => {
                vec![
                    Rgb(247, 251, 255),
                    Rgb(198, 219, 239),
                    Rgb(107, 174, 214),
                    Rgb(33, 113, 181),
                    Rgb(8, 48, 107),
                ]
            }
            (Colors::Sequential, true) => {
                vec![
                    Rgb(36, 40, 46),
                    Rgb(26, 70, 112),
                    Rgb(33, 113, 181),
                    Rgb(107, 174, 214),
                    Rgb(222, 235, 247),
                ]
            }
            (Colors::Terrain, false) => {
                vec![
                    Rgb(70, 112, 164),
                    Rgb(126, 163, 200),
                    Rgb(180, 205, 222),
                    Rgb(222, 234, 240),
                    Rgb(250, 250, 246),
                ]
            }
            (Colors::Terrain, true) => {
                vec![
                    Rgb(150, 200, 235),
                    Rgb(92, 148, 196),
                    Rgb(58, 100, 142),
                    Rgb(42, 66, 94),
                    Rgb(32, 40, 52),
                ]
            }
            (Colors::Diverging, _) => (-4..=4).map(|i| diverging(f64::from(i) / 4.0)).collect(),
        }
    }

    /// Plotly's form of the scale.
    pub(crate) fn plotly(self, theme: &Theme) -> serde_json::Value {
        let stops = self.stops(theme);
        let last = (stops.len() - 1).max(1) as f64;
        stops.iter().enumerate().map(|(i, c)| serde_json::json!([i as f64 / last, c.hex()])).collect()
    }
}

/// Blue through white to red, for -1 to 1.
pub(crate) fn diverging(t: f64) -> Rgb {
    const LOW: [Rgb; 3] = [Rgb(247, 247, 247), Rgb(103, 169, 207), Rgb(5, 76, 140)];
    const HIGH: [Rgb; 3] = [Rgb(247, 247, 247), Rgb(239, 138, 98), Rgb(165, 15, 38)];
    between(if t < 0.0 { &LOW } else { &HIGH }, t.abs())
}

/// The colour at `t` (0 to 1) of evenly spaced colours.
pub(crate) fn between(colors: &[Rgb], t: f64) -> Rgb {
    let last = colors.len().saturating_sub(1);
    let place = if t.is_nan() { 0.0 } else { t.clamp(0.0, 1.0) * last as f64 };
    let i = (place.floor() as usize).min(last.saturating_sub(1));
    match (colors.get(i), colors.get(i + 1)) {
        (Some(a), Some(b)) => a.mix(*b, place - i as f64),
        (Some(a), None) => *a,
        _ => Rgb(0, 0, 0),
    }
}
