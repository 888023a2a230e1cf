//! Scales of colour for heat maps and surfaces.

use super::theme::Rgb;

/// Blue through white to red, for -1 to 1.
pub(crate) fn diverging(t: f64) -> Rgb {
    const LOW: [Rgb; 3] = [Rgb(247, 247, 247), Rgb(103, 169, 207), Rgb(5, 76, 140)];
    const HIGH: [Rgb; 3] = [Rgb(247, 247, 247), Rgb(239, 138, 98), Rgb(165, 15, 38)];
    between(if t < 0.0 { &LOW } else { &HIGH }, t.abs())
}

/// The colour at `t` (0 to 1) of evenly spaced colours.
pub(crate) fn between(colors: &[Rgb], t: f64) -> Rgb {
    let last = colors.len().saturating_sub(1);
    let place = t.clamp(0.0, 1.0) * last as f64;
    let i = (place.floor() as usize).min(last.saturating_sub(1));
    match (colors.get(i), colors.get(i + 1)) {
        (Some(a), Some(b)) => a.mix(*b, place - i as f64),
        (Some(a), None) => *a,
        _ => Rgb(0, 0, 0),
    }
}
