//! Outlines made of lines and curves, and how they are written into SVG.

use std::fmt::Write as _;

/// A piece of an outline; coordinates in pixels, y pointing down.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Segment {
    /// Begins anew at a point.
    Move(f64, f64),
    /// A straight line to a point.
    Line(f64, f64),
    /// A curve with one control point, then its end.
    Quad(f64, f64, f64, f64),
    /// A curve with two control points, then its end.
    Cubic(f64, f64, f64, f64, f64, f64),
    /// A straight line back to where the part began.
    Close,
}

/// An outline.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Path(pub Vec<Segment>);

impl Path {
    /// An open line through points.
    pub fn polyline(points: &[(f64, f64)]) -> Self {
        let mut path = Self::default();
        path.push_polyline(points);
        path
    }

    /// Adds an open line through points.
    pub fn push_polyline(&mut self, points: &[(f64, f64)]) {
        for (i, &(x, y)) in points.iter().enumerate() {
            self.0.push(if i == 0 { Segment::Move(x, y) } else { Segment::Line(x, y) });
        }
    }

    /// A closed polygon.
    pub fn polygon(points: &[(f64, f64)]) -> Self {
        let mut path = Self::polyline(points);
        path.0.push(Segment::Close);
        path
    }

    /// A rectangle.
    pub fn rect(x: f64, y: f64, w: f64, h: f64) -> Self {
        Self::polygon(&[(x, y), (x + w, y), (x + w, y + h), (x, y + h)])
    }

    /// Adds a closed rectangle.
    pub fn push_rect(&mut self, x: f64, y: f64, w: f64, h: f64) {
        self.0.extend(Self::rect(x, y, w, h).0);
    }

    /// Adds a circle.
    pub fn push_circle(&mut self, x: f64, y: f64, r: f64) {
        const K: f64 = 0.552_284_75;
        let k = r * K;
        self.0.extend([
            Segment::Move(x + r, y),
            Segment::Cubic(x + r, y + k, x + k, y + r, x, y + r),
            Segment::Cubic(x - k, y + r, x - r, y + k, x - r, y),
            Segment::Cubic(x - r, y - k, x - k, y - r, x, y - r),
            Segment::Cubic(x + k, y - r, x + r, y - k, x + r, y),
            Segment::Close,
        ]);
    }

    /// The path as SVG's `d`, with relative coordinates in steps of `1 / unit` pixels.
    pub fn to_svg(&self, unit: f64) -> String {
        let mut out = String::with_capacity(self.0.len() * 8);
        let mut pen = Pen { unit, at: (0, 0), start: (0, 0), command: ' ' };
        for segment in &self.0 {
            match *segment {
                Segment::Move(x, y) => {
                    let to = pen.round(x, y);
                    pen.write(&mut out, 'm', &[to]);
                    pen.start = to;
                }
                Segment::Line(x, y) => {
                    let to = pen.round(x, y);
                    if to.1 == pen.at.1 {
                        pen.write_one(&mut out, 'h', to.0 - pen.at.0);
                    } else if to.0 == pen.at.0 {
                        pen.write_one(&mut out, 'v', to.1 - pen.at.1);
                    } else {
                        pen.write(&mut out, 'l', &[to]);
                    }
                    pen.at = to;
                }
                Segment::Quad(a, b, x, y) => {
                    let points = [pen.round(a, b), pen.round(x, y)];
                    pen.write(&mut out, 'q', &points);
                }
                Segment::Cubic(a, b, c, d, x, y) => {
                    let points = [pen.round(a, b), pen.round(c, d), pen.round(x, y)];
                    pen.write(&mut out, 'c', &points);
                }
                Segment::Close => {
                    out.push('z');
                    pen.command = 'z';
                    pen.at = pen.start;
                }
            }
        }
        out
    }
}

struct Pen {
    unit: f64,
    at: (i64, i64),
    start: (i64, i64),
    command: char,
}

impl Pen {
    fn round(&self, x: f64, y: f64) -> (i64, i64) {
        ((x * self.unit).round() as i64, (y * self.unit).round() as i64)
    }

    fn write(&mut self, out: &mut String, command: char, points: &[(i64, i64)]) {
        self.command(out, command);
        let mut first = out.ends_with(command);
        for &(x, y) in points {
            for delta in [x - self.at.0, y - self.at.1] {
                self.number(out, delta, first);
                first = false;
            }
        }
        if let Some(&last) = points.last() {
            self.at = last;
        }
    }

    fn write_one(&mut self, out: &mut String, command: char, delta: i64) {
        self.command(out, command);
        let first = out.ends_with(command);
        self.number(out, delta, first);
    }

    fn command(&mut self, out: &mut String, command: char) {
        // After `m`, further pairs are lines: only an explicit command keeps them apart.
        if self.command != command || command == 'm' {
            out.push(command);
            self.command = command;
        }
    }

    fn number(&self, out: &mut String, value: i64, first: bool) {
        if !first && value >= 0 {
            out.push(' ');
        }
        let value = value as f64 / self.unit;
        let _ = write!(out, "{value}");
    }
}

/// Ramer, Douglas and Peucker: the points that are needed to stay within `tolerance` of the line.
pub fn simplify(points: &[(f64, f64)], tolerance: f64) -> Vec<(f64, f64)> {
    if points.len() < 3 {
        return points.to_vec();
    }
    let mut keep = vec![false; points.len()];
    keep[0] = true;
    keep[points.len() - 1] = true;
    let mut stack = vec![(0, points.len() - 1)];
    while let Some((a, b)) = stack.pop() {
        let mut worst = (0.0, a);
        for i in a + 1..b {
            let distance = distance_to_segment(points[i], points[a], points[b]);
            if distance > worst.0 {
                worst = (distance, i);
            }
        }
        if worst.0 > tolerance {
            keep[worst.1] = true;
            stack.push((a, worst.1));
            stack.push((worst.1, b));
        }
    }
    points.iter().zip(&keep).filter(|(_, keep)| **keep).map(|(p, _)| *p).collect()
}

fn distance_to_segment(p: (f64, f64), a: (f64, f64), b: (f64, f64)) -> f64 {
    let (dx, dy) = (b.0 - a.0, b.1 - a.1);
    let length = dx * dx + dy * dy;
    let t = if length > 0.0 { (((p.0 - a.0) * dx + (p.1 - a.1) * dy) / length).clamp(0.0, 1.0) } else { 0.0 };
    (p.0 - a.0 - t * dx).hypot(p.1 - a.1 - t * dy)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_written_relative_and_short() {
        let path = Path::polyline(&[(10.0, 10.0), (20.0, 10.0), (20.0, 15.5), (25.0, 10.24)]);
        assert_eq!(path.to_svg(10.0), "m10 10h10v5.5l5-5.3");
        assert_eq!(Path::rect(0.0, 0.0, 2.0, 1.0).to_svg(10.0), "m0 0h2v1h-2z");
    }

    #[test]
    fn simplifying_keeps_the_corners() {
        let line: Vec<_> = (0..=100).map(|i| (f64::from(i), f64::from((i - 50_i32).abs()))).collect();
        assert_eq!(simplify(&line, 0.1), [(0.0, 50.0), (50.0, 0.0), (100.0, 50.0)]);
    }
}
