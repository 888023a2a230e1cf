//! A small table that displays as text and as HTML.

use std::fmt;

use crate::notebook::{self, MimeBundle};
use crate::plot::short;
use crate::{Error, Result};

/// Rows of texts and numbers under named columns.
///
/// In a notebook it is shown as an HTML table, elsewhere as aligned text. Numbers have at most four significant digits
/// and stand on the right.
///
/// # Example
/// ```
/// use kiln::table::Table;
/// let table = Table::new(["optimizer", "accuracy"])
///     .row(["SGD".into(), 0.8731.into()])
///     .row(["Adam".into(), 0.89.into()]);
/// assert_eq!(table.to_string(), "\
/// optimizer  accuracy
/// ─────────  ────────
/// SGD          0.8731
/// Adam         0.8900
/// ");
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Table {
    title: String,
    columns: Vec<String>,
    rows: Vec<Vec<Cell>>,
}

/// One cell of a [`Table`].
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Cell {
    /// A text, on the left.
    Text(String),
    /// A number, on the right, with at most four significant digits.
    Number(f64),
    /// A whole number, on the right, with all its digits.
    Integer(i64),
    /// Nothing.
    Empty,
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        Cell::Text(text.into())
    }
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Cell::Text(text)
    }
}

impl From<f64> for Cell {
    fn from(number: f64) -> Self {
        Cell::Number(number)
    }
}

impl From<f32> for Cell {
    fn from(number: f32) -> Self {
        Cell::Number(number.into())
    }
}

impl From<usize> for Cell {
    fn from(number: usize) -> Self {
        Cell::Integer(i64::try_from(number).unwrap_or(i64::MAX))
    }
}

impl From<i64> for Cell {
    fn from(number: i64) -> Self {
        Cell::Integer(number)
    }
}

impl From<i32> for Cell {
    fn from(number: i32) -> Self {
        Cell::Integer(number.into())
    }
}

impl<T: Into<Cell>> From<Option<T>> for Cell {
    fn from(cell: Option<T>) -> Self {
        cell.map_or(Cell::Empty, Into::into)
    }
}

impl Table {
    /// A table with these columns and no rows.
    pub fn new<S: Into<String>>(columns: impl IntoIterator<Item = S>) -> Self {
        Self {
            title: String::new(),
            columns: columns.into_iter().map(Into::into).collect(),
            rows: Vec::new(),
        }
    }

    /// The text above the table.
    #[must_use]
    pub fn title(mut self, title: impl Into<String>) -> Self {
        self.title = title.into();
        self
    }

    /// Adds a row. Missing cells stay empty; cells beyond the last column get a column without a name.
    #[must_use]
    pub fn row(mut self, cells: impl IntoIterator<Item = Cell>) -> Self {
        self.push(cells);
        self
    }

    /// Adds a row to a table that is already there.
    pub fn push(&mut self, cells: impl IntoIterator<Item = Cell>) {
        let row: Vec<Cell> = cells.into_iter().collect();
        while self.columns.len() < row.len() {
            self.columns.push(String::new());
        }
        self.rows.push(row);
    }

    /// Adds a column of numbers.
    ///
    /// # Errors
    /// A length other than that of the columns before.
    ///
    /// # Example
    /// ```
    /// use kiln::table::Table;
    /// let table = Table::new(Vec::<String>::new()).column("epoch", [1.into(), 2.into()])?.column("loss", [0.9.into(), 0.5.into()])?;
    /// assert_eq!(table.len(), 2);
    /// # Ok::<(), kiln::Error>(())
    /// ```
    pub fn column(mut self, name: impl Into<String>, cells: impl IntoIterator<Item = Cell>) -> Result<Self> {
        let cells: Vec<Cell> = cells.into_iter().collect();
        let name = name.into();
        if self.columns.is_empty() {
            self.rows = vec![Vec::new(); cells.len()];
        } else if cells.len() != self.rows.len() {
            return Err(Error::shape(format!(
                "table column `{name}` has {} cells, but the table has {} rows",
                cells.len(),
                self.rows.len()
            )));
        }
        let width = self.columns.len();
        self.columns.push(name);
        for (row, cell) in self.rows.iter_mut().zip(cells) {
            row.resize(width, Cell::Empty);
            row.push(cell);
        }
        Ok(self)
    }

    /// The number of rows.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The names of the columns.
    pub fn columns(&self) -> &[String] {
        &self.columns
    }

    /// The rows.
    pub fn rows(&self) -> &[Vec<Cell>] {
        &self.rows
    }

    /// The table as an HTML fragment.
    ///
    /// # Example
    /// ```
    /// use kiln::table::Table;
    /// assert!(Table::new(["a < b"]).to_html().contains("a &lt; b"));
    /// ```
    pub fn to_html(&self) -> String {
        let texts = self.texts();
        let mut out = String::from("<table>\n");
        if !self.title.is_empty() {
            out.push_str(&format!("<caption>{}</caption>\n", escape(&self.title)));
        }
        out.push_str("<thead><tr>");
        for (c, name) in self.columns.iter().enumerate() {
            out.push_str(&format!("<th style=\"text-align:{}\">{}</th>", self.side(c), escape(name)));
        }
        out.push_str("</tr></thead>\n<tbody>\n");
        for row in &texts {
            out.push_str("<tr>");
            for (c, text) in row.iter().enumerate() {
                out.push_str(&format!("<td style=\"text-align:{}\">{}</td>", self.side(c), escape(text)));
            }
            out.push_str("</tr>\n");
        }
        out.push_str("</tbody>\n</table>");
        out
    }

    /// The table as a notebook takes it: HTML and text.
    pub fn mime_bundle(&self) -> MimeBundle {
        MimeBundle::new().with("text/html", self.to_html()).with("text/plain", self.to_string())
    }

    /// What a notebook's kernel calls on the last expression of a cell.
    pub fn evcxr_display(&self) {
        notebook::show_result(&self.mime_bundle());
    }

    /// A column of numbers only stands on the right.
    fn side(&self, column: usize) -> &'static str {
        let text = self.rows.iter().any(|row| matches!(row.get(column), Some(Cell::Text(_))));
        if text || self.rows.is_empty() { "left" } else { "right" }
    }

    /// All cells as text; the numbers of a column have the same number of digits behind the point.
    fn texts(&self) -> Vec<Vec<String>> {
        let places: Vec<Option<usize>> = (0..self.columns.len()).map(|c| self.places(c)).collect();
        let text = |row: &Vec<Cell>, c: usize| match row.get(c) {
            Some(Cell::Text(text)) => text.clone(),
            Some(Cell::Integer(number)) => number.to_string(),
            Some(Cell::Number(number)) => match places[c] {
                Some(places) if number.is_finite() => format!("{number:.places$}"),
                _ => short(*number),
            },
            Some(Cell::Empty) | None => String::new(),
        };
        self.rows.iter().map(|row| (0..self.columns.len()).map(|c| text(row, c)).collect()).collect()
    }

    /// Digits behind the point that give the smallest number of a column four significant ones; `None` where the
    /// numbers are too large or too small for that.
    fn places(&self, column: usize) -> Option<usize> {
        let mut most = 0;
        for row in &self.rows {
            if let Some(Cell::Number(v)) = row.get(column)
                && v.is_finite()
                && *v != 0.0
            {
                let exponent = v.abs().log10().floor();
                if !(-4.0..6.0).contains(&exponent) {
                    return None;
                }
                most = most.max((3.0 - exponent).clamp(0.0, 6.0) as usize);
            }
        }
        Some(most.min(4))
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let texts = self.texts();
        let widths: Vec<usize> = (0..self.columns.len())
            .map(|c| {
                texts
                    .iter()
                    .map(|row| cells_wide(&row[c]))
                    .chain([cells_wide(&self.columns[c])])
                    .max()
                    .unwrap_or(0)
            })
            .collect();
        if !self.title.is_empty() {
            writeln!(f, "{}", self.title)?;
        }
        let mut line = |cells: &mut dyn Iterator<Item = String>| -> fmt::Result {
            let mut text = String::new();
            for (c, cell) in cells.enumerate() {
                let pad = " ".repeat(widths[c].saturating_sub(cells_wide(&cell)));
                if c > 0 {
                    text.push_str("  ");
                }
                if self.side(c) == "right" {
                    text.push_str(&pad);
                    text.push_str(&cell);
                } else {
                    text.push_str(&cell);
                    text.push_str(&pad);
                }
            }
            writeln!(f, "{}", text.trim_end())
        };
        line(&mut self.columns.iter().cloned())?;
        line(&mut widths.iter().map(|w| "─".repeat(*w)))?;
        for row in texts {
            line(&mut row.into_iter())?;
        }
        Ok(())
    }
}

/// How many cells of a terminal a text takes: Hangul and other wide letters take two.
fn cells_wide(text: &str) -> usize {
    text.chars()
        .map(|c| match u32::from(c) {
            0x300..=0x36f => 0,
            0x1100..=0x115f
            | 0x2e80..=0xa4cf
            | 0xac00..=0xd7a3
            | 0xf900..=0xfaff
            | 0xfe30..=0xfe6f
            | 0xff00..=0xff60
            | 0x20000..=0x3fffd => 2,
            _ => 1,
        })
        .sum()
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
