//! Fewer points that look the same.

use super::ticks::number;

/// The most points of a line that are kept.
pub(crate) const LINE_LIMIT: usize = 4_000;
/// The most points of a scatter that are kept.
pub(crate) const SCATTER_LIMIT: usize = 5_000;

/// The first, lowest, highest and last point of each of `limit / 4` stretches, and the gaps' places, if there are more
/// than `limit` points.
pub(crate) fn extremes(x: &[f64], y: &[f64], limit: usize) -> Option<Vec<usize>> {
    if x.len() <= limit {
        return None;
    }
    let stretches = limit / 4;
    let mut keep = Vec::with_capacity(limit);
    for k in 0..stretches {
        let (from, to) = (k * x.len() / stretches, (k + 1) * x.len() / stretches);
        let finite = (from..to).filter(|&i| x[i].is_finite() && y[i].is_finite());
        let lowest = finite.clone().min_by(|&a, &b| y[a].total_cmp(&y[b]));
        let highest = finite.max_by(|&a, &b| y[a].total_cmp(&y[b]));
        let mut chosen = vec![from, to - 1];
        chosen.extend(lowest);
        chosen.extend(highest);
        chosen.sort_unstable();
        chosen.dedup();
        keep.extend(chosen);
    }
    Some(keep)
}

/// `limit` evenly spaced places out of `count`, if there are more.
pub(crate) fn evenly(count: usize, limit: usize) -> Option<Vec<usize>> {
    (count > limit).then(|| (0..limit).map(|i| i * count / limit).collect())
}

/// At most `limit` evenly spaced places out of `count`, the first and the last among them.
pub(crate) fn evenly_with_ends(count: usize, limit: usize) -> Vec<usize> {
    if count <= limit.max(2) {
        return (0..count).collect();
    }
    (0..limit).map(|i| (i * (count - 1) + (limit - 1) / 2) / (limit - 1)).collect()
}

/// What the figure says about it.
pub(crate) fn note(name: &str, before: usize, after: usize, how: &str) -> String {
    let of = if name.is_empty() { String::new() } else { format!("{name}: ") };
    format!("{of}{} of {} points are drawn ({how}).", number(after as f64, 0), number(before as f64, 0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_single_spike_in_a_million_points_stays() {
        let x: Vec<f64> = (0..1_000_000).map(f64::from).collect();
        let mut y = vec![0.0; 1_000_000];
        y[123_456] = 7.0;
        let keep = extremes(&x, &y, LINE_LIMIT).unwrap();
        assert!(
            keep.len() <= LINE_LIMIT
                && keep.contains(&123_456)
                && keep.contains(&0)
                && keep.contains(&999_999)
        );
        assert!(keep.windows(2).all(|w| w[0] < w[1]));
    }
}
