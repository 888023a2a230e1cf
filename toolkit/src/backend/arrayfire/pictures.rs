//! Windows over pictures: their numbers are looked up by tables that are made once, so that any stride, dilation and
//! padding is possible, and nothing is transposed. A convolution is that and a matrix product.
//!
//! ArrayFire's own convolution is wrong on some of its backends, and its `unwrap` knows no dilation and pads alike on both
//! sides.

use super::array::Value;
use super::engine::{Engine, float_type};
use super::functions::Type;
use crate::backend::pictures::{Reading, Warp};
use crate::backend::{Pictures, Reduction, Window};
use crate::tensor::{Shape, Tensor};
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

/// Index tables on the device, by what they are for.
#[derive(Default)]
pub(super) struct Tables(Mutex<HashMap<Key, Table>>);

/// So many tables are kept at most; a program that uses more begins anew.
const KEPT: usize = 256;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Key {
    Unfold(Window, (usize, usize)),
    Fold(Window, (usize, usize)),
    Counting(usize, Type),
}

#[derive(Clone)]
struct Table {
    places: Value,
    /// How many places belong together.
    group: usize,
    /// Whether a place behind the last one is named.
    reads_outside: bool,
}

impl Tables {
    fn get(&self, key: Key, make: impl FnOnce() -> Table) -> Table {
        let mut tables = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(table) = tables.get(&key) {
            return table.clone();
        }
        if tables.len() >= KEPT {
            tables.clear();
        }
        tables.entry(key).or_insert_with(make).clone()
    }

    /// The numbers from 0 to before `count`.
    pub(super) fn counting(&self, engine: &'static Engine, count: usize, kind: Type) -> Value {
        self.get(Key::Counting(count, kind), || {
            let places = Value::range(engine, [count as i64, 1, 1, 1], 0, kind);
            Table { places, group: 1, reads_outside: false }
        })
        .places
    }

    /// For each cell of each window the pixel that it reads, or the one behind the last.
    fn unfold(&self, engine: &'static Engine, window: &Window, (height, width): (usize, usize)) -> Table {
        self.get(Key::Unfold(*window, (height, width)), || {
            let mut places = Vec::with_capacity(window.output.0 * window.output.1 * window.cells());
            each_cell(window, (height, width), |_, pixel| {
                places.push(pixel.unwrap_or(height * width) as i32);
            });
            let reads_outside = places.contains(&((height * width) as i32));
            Table { places: uploaded(engine, &places), group: window.cells(), reads_outside }
        })
    }

    /// For each pixel the cells that read it, filled up to the same number with the one behind the last.
    fn fold(&self, engine: &'static Engine, window: &Window, (height, width): (usize, usize)) -> Table {
        self.get(Key::Fold(*window, (height, width)), || {
            let mut readers = vec![Vec::new(); height * width];
            let mut cells = 0;
            each_cell(window, (height, width), |cell, pixel| {
                cells = cell + 1;
                if let Some(pixel) = pixel {
                    readers[pixel].push(cell as i32);
                }
            });
            let group = readers.iter().map(Vec::len).max().unwrap_or(0).max(1);
            let reads_outside = readers.iter().any(|cells| cells.len() < group);
            let filled = |list: Vec<i32>| {
                let missing = group - list.len();
                list.into_iter().chain(std::iter::repeat_n(cells as i32, missing))
            };
            let places: Vec<i32> = readers.into_iter().flat_map(filled).collect();
            Table { places: uploaded(engine, &places), group, reads_outside }
        })
    }
}

fn uploaded(engine: &'static Engine, places: &[i32]) -> Value {
    Value::of(engine, places, [places.len() as i64, 1, 1, 1], Type::I32, 1.0)
}

/// Calls `visit(cell of all windows, pixel)` window by window, cell by cell.
fn each_cell(window: &Window, (height, width): (usize, usize), mut visit: impl FnMut(usize, Option<usize>)) {
    let mut cell = 0;
    for place in 0..window.output.0 * window.output.1 {
        let (down, across) = (place / window.output.1, place % window.output.1);
        for part in 0..window.cells() {
            let (part_down, part_across) = (part / window.size.1, part % window.size.1);
            let row = (down * window.strides.0 + part_down * window.dilation.0).checked_sub(window.before.0);
            let column =
                (across * window.strides.1 + part_across * window.dilation.1).checked_sub(window.before.1);
            let pixel = row.zip(column).filter(|&(row, column)| row < height && column < width);
            visit(cell, pixel.map(|(row, column)| row * width + column));
            cell += 1;
        }
    }
}

/// Looks up pixels `[channels, pixels, samples]`; outside `fill` is read.
fn looked_up(value: &Value, table: &Table, fill: f64) -> Value {
    let [channels, pixels, samples, _] = value.sizes();
    let border = || Value::constant(value.engine(), fill, [channels, 1, samples, 1], value.kind());
    let source = if table.reads_outside { value.joined(&border(), 1) } else { value.clone() };
    if channels > 1 {
        return source.lookup(&table.places, 1);
    }
    // With one channel the places are the fastest dimension, which is quicker.
    let count: i64 = table.places.sizes().iter().product();
    let pixels = pixels + i64::from(table.reads_outside);
    source.shaped([pixels, samples, 1, 1]).lookup(&table.places, 0).shaped([1, count, samples, 1])
}

impl Engine {
    /// Windows as `[channels, cells of all windows, samples]`.
    fn windows(&'static self, x: &Tensor, window: &Window, fill: f64) -> Value {
        let [samples, height, width, channels] = picture(&x.shape());
        let value = self.value_in(x, [channels as i64, (height * width) as i64, samples as i64, 1]);
        let value = value.float(float_type(x.dtype()));
        looked_up(&value, &self.tables.unfold(self, window, (height, width)), fill)
    }

    /// The transpose of [`windows`](Self::windows).
    fn gathered(&'static self, windows: &Value, window: &Window, shape: Shape) -> Tensor {
        let [samples, height, width, channels] = picture(&shape).map(|size| size as i64);
        let table = self.tables.fold(self, window, (height as usize, width as usize));
        let cells = looked_up(windows, &table, 0.0);
        let pixels = cells.shaped([channels, table.group as i64, height * width, samples]);
        let sums = if table.group == 1 { pixels } else { pixels.along(1, |f| f.sum) };
        sums.shaped(super::array::sizes(&shape)).tensor(shape)
    }
}

fn picture(shape: &Shape) -> [usize; 4] {
    [shape[0], shape[1], shape[2], shape[3]]
}

impl Pictures for Engine {
    fn unfold(&'static self, x: &Tensor, window: &Window, fill: f64) -> Tensor {
        let [samples, _, _, channels] = picture(&x.shape());
        let rows = samples * window.output.0 * window.output.1;
        let shape = Shape::from_fit(&[rows, window.cells() * channels]);
        self.windows(x, window, fill).shaped(super::array::sizes(&shape)).tensor(shape)
    }

    fn fold(&'static self, rows: &Tensor, window: &Window, shape: Shape) -> Tensor {
        let cells = window.output.0 * window.output.1 * window.cells();
        let rows = self.value_in(rows, [shape[3] as i64, cells as i64, shape[0] as i64, 1]);
        self.gathered(&rows, window, shape)
    }

    /// On the host: the places differ from picture to picture.
    fn warp(&'static self, x: &Tensor, warps: &[Warp], reading: Reading) -> Tensor {
        self.on_host(&[x], |host, copies| host.warp(&copies[0], warps, reading))
    }

    fn warp_backward(&'static self, grad: &Tensor, warps: &[Warp], reading: Reading) -> Tensor {
        self.on_host(&[grad], |host, copies| host.warp_backward(&copies[0], warps, reading))
    }

    fn pool_backward(&'static self, op: Reduction, x: &Tensor, grad: &Tensor, window: &Window) -> Tensor {
        if op != Reduction::Max {
            return crate::backend::pictures::composed::pool_backward(op, x, grad, window);
        }
        let [samples, _, _, channels] = picture(&x.shape()).map(|size| size as i64);
        let (cells, places) = (window.cells() as i64, (window.output.0 * window.output.1) as i64);
        let sizes = [channels, cells, places * samples, 1];
        let kind = float_type(x.dtype());
        let windows = self.windows(x, window, f64::NEG_INFINITY).shaped(sizes);
        let best = super::movement::places_of_largest(&windows).cast(kind);
        let numbers = self.tables.counting(self, window.cells(), kind).shaped([1, cells, 1, 1]);
        let chosen = numbers.compared(&best, |f| f.eq);
        let grad = self.value_in(grad, [channels, 1, places * samples, 1]);
        let shares = chosen.binary(&grad, |f| f.mul).shaped([channels, cells * places, samples, 1]);
        self.gathered(&shares, window, x.shape())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_read_the_pixels_that_lie_under_them() {
        let window =
            Window { size: (2, 2), strides: (1, 2), dilation: (1, 2), before: (1, 0), output: (2, 1) };
        let mut read = Vec::new();
        each_cell(&window, (2, 3), |cell, pixel| read.push((cell, pixel)));
        let pixels: Vec<_> = read.iter().map(|&(_, pixel)| pixel).collect();
        assert_eq!(pixels, [None, None, Some(0), Some(2), Some(0), Some(2), Some(3), Some(5)]);
        assert_eq!(read[7].0, 7);
    }
}
