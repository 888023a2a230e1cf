//! The table of a model's layers, drawn as Keras draws it.

use super::Sequential;
use crate::Result;
use crate::notebook::{MimeBundle, show_result};
use std::fmt;

/// The widths of Keras's columns on a terminal of 80 columns, with a blank on each side.
const WIDTHS: [usize; 3] = [33, 24, 15];

/// A model's layers with their output shapes and numbers of parameters.
///
/// As text it reads as `model.summary()` of Keras prints it; in a notebook it is a table. Made by
/// [`Sequential::summary`].
#[derive(Debug, Clone, PartialEq)]
pub struct Summary {
    model: String,
    rows: Vec<[String; 3]>,
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
        self.check_layers()?;
        let built = self.input.is_some();
        let rows = self.slots.iter().map(|slot| {
            let weights = slot.first_weight..slot.first_weight + slot.weight_count;
            let params: usize = weights.map(|index| self.pass.weights[index].len()).sum();
            let sizes: Vec<String> = slot.output.iter().map(ToString::to_string).collect();
            let shape = if built { format!("(None, {})", sizes.join(", ")) } else { "?".into() };
            let params = if built { thousands(params) } else { "0 (unbuilt)".into() };
            [format!("{} ({})", slot.name, slot.layer.class_name()), shape, params]
        });
        let (trainable, fixed) = self.count_params();
        let optimizer = self.compiled.as_ref().map(|compiled| &compiled.optimizer);
        let optimizer = optimizer
            .filter(|optimizer| optimizer.is_built())
            .map(|optimizer| optimizer.variables().iter().map(|(_, variable)| variable.len()).sum());
        Ok(Summary { model: self.name.clone(), rows: rows.collect(), trainable, fixed, optimizer })
    }
}

impl Summary {
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
        for [layer, shape, params] in &self.rows {
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
        let rule = |left: &str, line: &str, cross: &str, right: &str| {
            let parts: Vec<String> = WIDTHS.iter().map(|&width| line.repeat(width)).collect();
            format!("{left}{}{right}\n", parts.join(cross))
        };
        writeln!(f, "Model: \"{}\"", self.model)?;
        f.write_str(&rule("┏", "━", "┳", "┓"))?;
        let header = ["Layer (type)", "Output Shape", "Param #"].map(str::to_string);
        f.write_str(&row(&header, '┃'))?;
        for (index, cells) in self.rows.iter().enumerate() {
            let above =
                if index == 0 { rule("┡", "━", "╇", "┩") } else { rule("├", "─", "┼", "┤") };
            f.write_str(&above)?;
            f.write_str(&row(cells, '│'))?;
        }
        f.write_str(&rule("└", "─", "┴", "┘"))?;
        for (what, count) in self.totals() {
            writeln!(f, " {what}: {} ({})", thousands(count), bytes(count))?;
        }
        Ok(())
    }
}

/// One row, over as many lines as its longest cell needs.
fn row(cells: &[String; 3], bar: char) -> String {
    let wrapped: Vec<Vec<String>> =
        cells.iter().zip(WIDTHS).map(|(cell, width)| wrap(cell, width - 2)).collect();
    let lines = wrapped.iter().map(Vec::len).max().unwrap_or(1);
    let mut text = String::new();
    for line in 0..lines {
        text.push(bar);
        for (column, width) in WIDTHS.iter().enumerate() {
            let cell = wrapped[column].get(line).map_or("", String::as_str);
            let inner = width - 2;
            let cell = if column == 2 { format!(" {cell:>inner$} ") } else { format!(" {cell:<inner$} ") };
            text.push_str(&cell);
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
