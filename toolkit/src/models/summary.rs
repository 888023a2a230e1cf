//! The table of a model's layers, drawn as Keras draws it.

use super::Sequential;
use crate::Result;
use crate::config::is_built_at_once;
use crate::notebook::{MimeBundle, show_result};
use std::fmt;

/// The length of a line on a terminal of 80 columns.
const LINE_LENGTH: usize = 76;

/// A model's layers with their output shapes and numbers of parameters.
///
/// As text it reads as `model.summary()` of Keras prints it; in a notebook it is a table. Made by
/// [`Sequential::summary`].
#[derive(Debug, Clone, PartialEq)]
pub struct Summary {
    model: String,
    /// Name and class, shape, parameters, and whether the layer trains.
    rows: Vec<[String; 4]>,
    line_length: usize,
    show_trainable: bool,
    trainable: usize,
    fixed: usize,
    optimizer: Option<usize>,
}

impl Sequential {
    /// The table of the layers.
    ///
    /// # Errors
    /// For a mistake in the layers.
    ///
    /// # Example
    /// ```
    /// use kiln::prelude::*;
    /// let model = Sequential::new().add(Dense::new(10).input_shape([784]));
    /// assert!(model.summary()?.to_string().contains("│ dense (Dense)                   │ (None, 10)             │         7,850 │"));
    /// # Ok::<(), kiln::Error>(())
    /// ```
    pub fn summary(&self) -> Result<Summary> {
        if let Some(mistake) = &self.mistake {
            return Err(mistake.clone());
        }
        let built = self.input.is_some();
        let rows = self.slots.iter().map(|slot| {
            let weights = slot.first_weight..slot.first_weight + slot.weight_count;
            let params: usize = weights.map(|index| self.pass.weights[index].len()).sum();
            let sizes: Vec<String> = slot.output.iter().map(ToString::to_string).collect();
            let shape = if built { format!("(None, {})", sizes.join(", ")) } else { "?".into() };
            let known = built || is_built_at_once(slot.layer.class_name());
            let params = if known { thousands(params) } else { "0 (unbuilt)".into() };
            let trains = match (slot.weight_count, slot.trainable) {
                (0, _) => "-",
                (_, true) => "Y",
                (_, false) => "N",
            };
            [format!("{} ({})", slot.name, slot.layer.class_name()), shape, params, trains.into()]
        });
        let (trainable, fixed) = self.count_params();
        let optimizer = self.compiled.as_ref().map(|compiled| &compiled.optimizer);
        let optimizer = optimizer
            .filter(|optimizer| optimizer.is_built())
            .map(|optimizer| optimizer.variables().iter().map(|(_, variable)| variable.len()).sum());
        Ok(Summary {
            model: self.name.clone(),
            rows: rows.collect(),
            line_length: LINE_LENGTH,
            show_trainable: false,
            trainable,
            fixed,
            optimizer,
        })
    }
}

impl Summary {
    /// How long the lines of the text are; 76 by default, for a terminal of 80 columns.
    pub fn line_length(mut self, line_length: usize) -> Self {
        self.line_length = line_length;
        self
    }

    /// Whether the text has a column that says which layers train (Y, N, or - without weights); false by default.
    pub fn show_trainable(mut self, show_trainable: bool) -> Self {
        self.show_trainable = show_trainable;
        self
    }

    /// The columns' widths with a blank on each side, as Keras shares the line out.
    fn widths(&self) -> Vec<usize> {
        let (ends, borders): (&[f64], &[usize]) = if self.show_trainable {
            (&[0.405, 0.72, 0.9, 1.0], &[3, 3, 4, 3])
        } else {
            (&[0.45, 0.80, 1.0], &[3, 4, 3])
        };
        let end = |share: &f64| (share * self.line_length as f64) as usize;
        let firsts = std::iter::once(0).chain(ends.iter().map(end));
        let columns = ends.iter().map(end).zip(firsts).zip(borders);
        columns.map(|((end, first), border)| (end - first + 2).saturating_sub(*border).max(3)).collect()
    }

    /// All numbers that the model holds, and its optimizer once it has trained.
    pub fn total_params(&self) -> usize {
        self.trainable + self.fixed + self.optimizer.unwrap_or(0)
    }

    /// The numbers that training changes.
    pub fn trainable_params(&self) -> usize {
        self.trainable
    }

    /// The numbers that training does not change by gradients.
    pub fn non_trainable_params(&self) -> usize {
        self.fixed
    }

    fn totals(&self) -> Vec<(&'static str, usize)> {
        let mut totals = vec![
            ("Total params", self.total_params()),
            ("Trainable params", self.trainable),
            ("Non-trainable params", self.fixed),
        ];
        totals.extend(self.optimizer.map(|count| ("Optimizer params", count)));
        totals
    }

    /// The table for a notebook, as HTML and as text.
    pub fn mime_bundle(&self) -> MimeBundle {
        let mut html = format!("<table><caption>Model: {}</caption><thead><tr>", escape(&self.model));
        html.push_str(
            "<th style=\"text-align:left\">Layer (type)</th><th style=\"text-align:left\">Output shape</th>",
        );
        html.push_str("<th style=\"text-align:right\">Params</th></tr></thead><tbody>");
        for [layer, shape, params, _] in &self.rows {
            html.push_str(&format!(
                "<tr><td style=\"text-align:left\">{}</td><td style=\"text-align:left\">{}</td><td style=\"text-align:right\">{}</td></tr>",
                escape(layer),
                escape(shape),
                escape(params)
            ));
        }
        html.push_str("</tbody><tfoot>");
        for (what, count) in self.totals() {
            html.push_str(&format!(
                "<tr><td style=\"text-align:left\" colspan=\"2\">{what}</td><td style=\"text-align:right\">{} ({})</td></tr>",
                thousands(count),
                bytes(count)
            ));
        }
        html.push_str("</tfoot></table>");
        MimeBundle::text(self.to_string().trim_end()).with("text/html", html)
    }

    /// Shows the table as a cell's result.
    #[doc(hidden)]
    pub fn evcxr_display(&self) {
        show_result(&self.mime_bundle());
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let widths = self.widths();
        let rule = |left: &str, line: &str, cross: &str, right: &str| {
            let parts: Vec<String> = widths.iter().map(|&width| line.repeat(width)).collect();
            format!("{left}{}{right}\n", parts.join(cross))
        };
        writeln!(f, "Model: \"{}\"", self.model)?;
        f.write_str(&rule("┏", "━", "┳", "┓"))?;
        let header = ["Layer (type)", "Output Shape", "Param #", "Trainable"].map(str::to_string);
        f.write_str(&row(&header, &widths, '┃', true))?;
        f.write_str(&rule("┡", "━", "╇", "┩"))?;
        for (index, cells) in self.rows.iter().enumerate() {
            if index > 0 {
                f.write_str(&rule("├", "─", "┼", "┤"))?;
            }
            f.write_str(&row(cells, &widths, '│', false))?;
        }
        f.write_str(&rule("└", "─", "┴", "┘"))?;
        for (what, count) in self.totals() {
            writeln!(f, " {what}: {} ({})", thousands(count), bytes(count))?;
        }
        Ok(())
    }
}

/// One row, over as many lines as its longest cell needs; shorter cells lie at the top, or at the bottom.
fn row(cells: &[String; 4], widths: &[usize], bar: char, at_bottom: bool) -> String {
    let wrapped: Vec<Vec<String>> =
        cells.iter().zip(widths).map(|(cell, width)| wrap(cell, width - 2)).collect();
    let lines = wrapped.iter().map(Vec::len).max().unwrap_or(1);
    let mut text = String::new();
    for line in 0..lines {
        text.push(bar);
        for (column, (width, cell)) in widths.iter().zip(&wrapped).enumerate() {
            let skipped = if at_bottom { lines - cell.len() } else { 0 };
            let cell = line.checked_sub(skipped).and_then(|line| cell.get(line)).map_or("", String::as_str);
            let inner = width - 2;
            text.push_str(&match column {
                2 => format!(" {cell:>inner$} "),
                3 => format!(" {cell:^inner$} "),
                _ => format!(" {cell:<inner$} "),
            });
            text.push(bar);
        }
        text.push('\n');
    }
    text
}

/// Breaks at blanks; a single word that is too long is cut with an ellipsis.
fn wrap(cell: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in cell.split(' ') {
        let word: String = if word.chars().count() > width {
            word.chars().take(width - 1).chain(['…']).collect()
        } else {
            word.into()
        };
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= width => {
                line.push(' ');
                line.push_str(&word);
            }
            _ => lines.push(word),
        }
    }
    lines
}

/// 271346 as `271,346`.
fn thousands(number: usize) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// The memory of so many f32, in units of 1024.
fn bytes(numbers: usize) -> String {
    let mut size = (numbers * 4) as f64;
    let mut unit = 0;
    while size >= 1024.0 && unit < 5 {
        size /= 1024.0;
        unit += 1;
    }
    format!("{size:.2} {}", ["B", "KB", "MB", "GB", "TB", "PB"][unit])
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
