//! Marching squares: the outlines of "at least this high" in a grid of heights.

use std::collections::HashMap;

/// Heights at the crossings of `x` and `y`, row by row: `z[row * x.len() + column]`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Field<'a> {
    pub(crate) x: &'a [f64],
    pub(crate) y: &'a [f64],
    pub(crate) z: &'a [f64],
}

/// A closed outline; each point says whether the way to the next one runs along the field's edge.
pub(crate) type Ring = Vec<(f64, f64, bool)>;

/// The sides of a square, counted from its lower left corner.
const BOTTOM: usize = 0;
const RIGHT: usize = 1;
const TOP: usize = 2;
const LEFT: usize = 3;

impl Field<'_> {
    /// Closed outlines of the places where the height is at least `level`. What is not a number counts as below.
    ///
    /// The field is walked with a ring of depth around it, at the same places as its edge: so all outlines close along
    /// the edge, and neighbouring levels leave no seam.
    pub(crate) fn rings(&self, level: f64) -> Vec<Ring> {
        let (columns, rows) = (self.x.len() + 2, self.y.len() + 2);
        // From the side where an outline enters the next square to the side where it leaves it.
        let mut next: HashMap<usize, (usize, bool)> = HashMap::new();
        let mut order = Vec::new();
        for j in 0..rows - 1 {
            for i in 0..columns - 1 {
                let corners =
                    [(i, j), (i + 1, j), (i + 1, j + 1), (i, j + 1)].map(|(i, j)| self.height(i, j));
                let inside = corners.map(|z| z >= level);
                let case =
                    inside.iter().enumerate().fold(0, |case, (bit, &up)| case | usize::from(up) << bit);
                let middle_up = || corners.iter().sum::<f64>() / 4.0 >= level;
                let sides = [
                    2 * (j * columns + i),
                    2 * (j * columns + i + 1) + 1,
                    2 * ((j + 1) * columns + i),
                    2 * (j * columns + i) + 1,
                ];
                let along_edge = i == 0 || j == 0 || i == columns - 2 || j == rows - 2;
                let mut link = |from: usize, to: usize| {
                    next.insert(sides[from], (sides[to], along_edge));
                    order.push(sides[from]);
                };
                // High ground stays on the left.
                match case {
                    1 => link(BOTTOM, LEFT),
                    2 => link(RIGHT, BOTTOM),
                    3 => link(RIGHT, LEFT),
                    4 => link(TOP, RIGHT),
                    6 => link(TOP, BOTTOM),
                    7 => link(TOP, LEFT),
                    8 => link(LEFT, TOP),
                    9 => link(BOTTOM, TOP),
                    11 => link(RIGHT, TOP),
                    12 => link(LEFT, RIGHT),
                    13 => link(BOTTOM, RIGHT),
                    14 => link(LEFT, BOTTOM),
                    5 | 10 => {
                        let joined = middle_up();
                        match (case, joined) {
                            (5, true) => {
                                link(TOP, LEFT);
                                link(BOTTOM, RIGHT);
                            }
                            (5, false) => {
                                link(BOTTOM, LEFT);
                                link(TOP, RIGHT);
                            }
                            (_, true) => {
                                link(RIGHT, TOP);
                                link(LEFT, BOTTOM);
                            }
                            (_, false) => {
                                link(RIGHT, BOTTOM);
                                link(LEFT, TOP);
                            }
                        }
                    }
                    _ => {}
                }
            }
        }
        let mut rings = Vec::new();
        for start in order {
            let mut ring = Vec::new();
            let mut at = start;
            while let Some((to, along_edge)) = next.remove(&at) {
                let (x, y) = self.crossing(at, level, columns);
                ring.push((x, y, along_edge));
                at = to;
            }
            if ring.len() > 2 {
                rings.push(ring);
            }
        }
        rings
    }

    /// The height at a node of the widened grid.
    fn height(&self, i: usize, j: usize) -> f64 {
        if i == 0 || j == 0 || i > self.x.len() || j > self.y.len() {
            return f64::NEG_INFINITY;
        }
        let z = self.z[(j - 1) * self.x.len() + i - 1];
        if z.is_nan() { f64::NEG_INFINITY } else { z }
    }

    fn place(&self, i: usize, j: usize) -> (f64, f64) {
        let clamp = |k: usize, values: &[f64]| values[k.saturating_sub(1).min(values.len() - 1)];
        (clamp(i, self.x), clamp(j, self.y))
    }

    /// Where the outline crosses a side.
    fn crossing(&self, side: usize, level: f64, columns: usize) -> (f64, f64) {
        let (i, j) = ((side / 2) % columns, (side / 2) / columns);
        let (k, l) = if side.is_multiple_of(2) { (i + 1, j) } else { (i, j + 1) };
        let (a, b) = (self.height(i, j), self.height(k, l));
        let (p, q) = (self.place(i, j), self.place(k, l));
        let t = if a == f64::NEG_INFINITY {
            1.0
        } else if b == f64::NEG_INFINITY {
            0.0
        } else if a.is_infinite() || b.is_infinite() {
            0.5
        } else {
            ((level - a) / (b - a)).clamp(0.0, 1.0)
        };
        (p.0 + (q.0 - p.0) * t, p.1 + (q.1 - p.1) * t)
    }
}

/// The parts of a ring that do not run along the field's edge, as open lines.
pub(crate) fn open_lines(ring: &Ring) -> Vec<Vec<(f64, f64)>> {
    let n = ring.len();
    let on_edge = |i: usize| ring[i % n].2;
    let Some(start) = (0..n).find(|&i| on_edge(i)) else {
        let mut line: Vec<(f64, f64)> = ring.iter().map(|p| (p.0, p.1)).collect();
        line.extend(ring.first().map(|p| (p.0, p.1)));
        return vec![line];
    };
    let mut lines: Vec<Vec<(f64, f64)>> = Vec::new();
    let mut open = false;
    for i in start + 1..=start + n {
        if on_edge(i) {
            open = false;
            continue;
        }
        let (a, b) = (ring[i % n], ring[(i + 1) % n]);
        match lines.last_mut() {
            Some(line) if open => line.push((b.0, b.1)),
            _ => lines.push(vec![(a.0, a.1), (b.0, b.1)]),
        }
        open = true;
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bowl(n: usize) -> (Vec<f64>, Vec<f64>) {
        let x: Vec<f64> = (0..n).map(|i| i as f64 / (n - 1) as f64 * 2.0 - 1.0).collect();
        let z = x.iter().flat_map(|y| x.iter().map(move |x| x * x + y * y)).collect();
        (x, z)
    }

    #[test]
    fn the_outline_of_a_bowl_is_a_circle() {
        let (x, z) = bowl(41);
        let rings = Field { x: &x, y: &x, z: &z }.rings(0.25);
        // The ground above 0.25 is bounded by the edge and by one circle.
        assert_eq!(rings.len(), 2);
        let circle = rings.iter().find(|r| r.iter().all(|p| !p.2)).unwrap();
        assert!(circle.iter().all(|p| (p.0.hypot(p.1) - 0.5).abs() < 2e-3));
        let lines: usize = rings.iter().map(|r| open_lines(r).len()).sum();
        assert_eq!(lines, 1);
    }

    #[test]
    fn a_plane_is_cut_by_one_line_and_nan_is_below() {
        let x = [0.0, 1.0, 2.0];
        let z = [0.0, 1.0, 2.0, 0.0, 1.0, 2.0, 0.0, 1.0, 2.0];
        let rings = Field { x: &x, y: &x, z: &z }.rings(0.5);
        assert_eq!(rings.len(), 1);
        let lines = open_lines(&rings[0]);
        assert_eq!(lines.len(), 1);
        assert!(lines[0].iter().all(|p| (p.0 - 0.5).abs() < 1e-12));
        assert!(Field { x: &x, y: &x, z: &[f64::NAN; 9] }.rings(0.5).is_empty());
    }
}
