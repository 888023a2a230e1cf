//! Several models or optimizers side by side.

use crate::plot::ticks::short;
use crate::table::{Cell, Table};

/// A table with a row for each candidate and a column for each measure; the best value of each measure carries a star.
///
/// `columns` names the measures and says whether a larger value is better.
///
/// # Example
/// ```
/// use kiln::plot;
/// let table = plot::comparison(
///     "optimizer",
///     &[("accuracy", true), ("seconds", false)],
///     &[("SGD", vec![0.87, 12.0]), ("Adam", vec![0.89, 14.0])],
/// );
/// assert!(table.to_string().contains("0.89 ★"));
/// ```
pub fn comparison<S: AsRef<str>, V: AsRef<[f64]>>(
    what: &str,
    columns: &[(&str, bool)],
    rows: &[(S, V)],
) -> Table {
    let best = |column: usize, larger: bool| {
        let values = rows.iter().filter_map(|r| r.1.as_ref().get(column)).copied().filter(|v| v.is_finite());
        if larger { values.max_by(f64::total_cmp) } else { values.min_by(f64::total_cmp) }
    };
    let winners: Vec<Option<f64>> = columns.iter().enumerate().map(|(i, c)| best(i, c.1)).collect();
    let mut table = Table::new([what].into_iter().chain(columns.iter().map(|c| c.0)));
    for (name, values) in rows {
        let cells = values.as_ref().iter().enumerate().map(|(i, &v)| {
            let won = rows.len() > 1 && winners.get(i).copied().flatten() == Some(v);
            Cell::Text(if won { format!("{} ★", short(v)) } else { short(v) })
        });
        table.push(std::iter::once(Cell::from(name.as_ref())).chain(cells));
    }
    table
}
