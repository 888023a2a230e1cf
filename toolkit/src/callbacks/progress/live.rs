//! The live view of a training in a notebook: one display that changes.
//!
//! While the training runs, it is one SVG: the bar with what is left, the numbers so far, and the curves as they grow.
//! At the end the figure of all epochs takes its place, interactive where the front end can; it holds no time, so that two
//! runs leave the same bytes in the notebook.

use super::{Logs, number, per_step_text, seconds};
use crate::notebook::{self, MimeBundle};
use crate::plot::{self, Figure, Theme};
use std::fmt::Write as _;
use std::time::{Duration, Instant};

/// The view is redrawn at most this often.
const REDRAW: Duration = Duration::from_millis(250);
/// The training goes on at least this many times as long as a view takes to draw.
const PAUSE: u32 = 30;
/// How many points the curve within the first epoch has at most; then every other one goes.
const MOST_POINTS: usize = 200;
/// Of more epochs than twice this, the text has the first and the last ones.
const SHOWN_EPOCHS: usize = 25;
const HEADER_HEIGHT: usize = 76;

/// Where the training is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    /// Counted from 0.
    pub(super) epoch: usize,
    pub(super) epochs: usize,
    pub(super) step: usize,
    pub(super) steps: usize,
    pub(super) epoch_start: Instant,
}

/// What is shown, and as what.
#[derive(Debug)]
pub(super) struct Live {
    id: Option<String>,
    has_curves: bool,
    last: Option<Instant>,
    /// How long to wait behind the last view.
    pause: Duration,
    /// One block of text an epoch, as a terminal would show it.
    text: Vec<String>,
    epochs: Vec<usize>,
    series: Vec<(String, Vec<f64>)>,
    /// The loss by step, until an epoch is finished.
    first: Vec<(usize, f64)>,
}

impl Default for Live {
    fn default() -> Self {
        Self {
            id: None,
            has_curves: true,
            last: None,
            pause: REDRAW,
            text: Vec::new(),
            epochs: Vec::new(),
            series: Vec::new(),
            first: Vec::new(),
        }
    }
}

impl Live {
    /// The bar and the numbers only.
    pub(super) fn without_curves() -> Self {
        Self { has_curves: false, ..Self::default() }
    }

    /// Whether enough time has passed for another view.
    pub(super) fn is_due(&self) -> bool {
        self.last.is_none_or(|last| last.elapsed() >= self.pause)
    }

    /// Shows the training at a step.
    pub(super) fn show(&mut self, place: Place, logs: &Logs) {
        let begin = Instant::now();
        if self.epochs.is_empty()
            && let Some(loss) = logs.get("loss")
        {
            self.first.push((place.step, loss));
            if self.first.len() > MOST_POINTS {
                self.first = self.first.iter().step_by(2).copied().collect();
            }
        }
        let svg = self.picture(place, logs);
        let header = headline(place);
        self.send(&MimeBundle::new().with("image/svg+xml", svg).with("text/plain", header.join(" ")));
        self.pause = REDRAW.max(begin.elapsed() * PAUSE);
        self.last = Some(Instant::now());
    }

    /// Takes the numbers of a finished epoch, and the lines that say them.
    pub(super) fn record(&mut self, epoch: usize, logs: &Logs, text: String) {
        let before = self.epochs.len();
        self.epochs.push(epoch + 1);
        self.text.push(text);
        for (name, value) in logs.iter() {
            match self.series.iter_mut().find(|(known, _)| known == name) {
                Some((_, values)) => values.push(value),
                None => {
                    let mut values = vec![f64::NAN; before];
                    values.push(value);
                    self.series.push((name.to_owned(), values));
                }
            }
        }
        for (_, values) in &mut self.series {
            values.resize(before + 1, f64::NAN);
        }
    }

    /// Replaces the view by what stays; nothing if nothing was shown.
    pub(super) fn finish(&mut self) {
        if self.id.is_none() {
            return;
        }
        let text = self.all_text();
        let bundle = if self.epochs.len() < 2 || !self.has_curves {
            MimeBundle::text(text)
        } else {
            let figure = plot::history_series(&self.epochs, &self.series);
            MimeBundle::new()
                .with("application/vnd.plotly.v1+json", figure.to_plotly_json())
                .with("image/svg+xml", figure.to_svg())
                .with("text/plain", text)
        };
        self.send(&bundle);
        self.id = None;
    }

    fn send(&mut self, bundle: &MimeBundle) {
        if let Some(id) = &self.id {
            notebook::update(id, bundle);
        } else {
            let id = format!("kiln-training-{:x}", crate::random::fresh_id());
            notebook::display_as(&id, bundle);
            self.id = Some(id);
        }
    }

    fn all_text(&self) -> String {
        let count = self.text.len();
        if count <= 2 * SHOWN_EPOCHS {
            return self.text.join("\n");
        }
        let left_out = format!("({} epochs)", count - 2 * SHOWN_EPOCHS);
        let (first, last) = (&self.text[..SHOWN_EPOCHS], &self.text[count - SHOWN_EPOCHS..]);
        [first, &[left_out], last].concat().join("\n")
    }

    fn picture(&self, place: Place, logs: &Logs) -> String {
        let theme = plot::theme();
        let curves = self.curves(place, logs).filter(|_| self.has_curves).map(|figure| figure.to_svg());
        let size = |name| curves.as_deref().and_then(|svg| attribute(svg, name));
        let (width, height) = (size("width").unwrap_or(640.0), size("height").unwrap_or(0.0));
        let height = height + HEADER_HEIGHT as f64;
        let mut svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" xmlns:xlink=\"http://www.w3.org/1999/xlink\" width=\"{width}\" \
             height=\"{height}\" viewBox=\"0 0 {width} {height}\" role=\"img\">\n\
             <rect width=\"{width}\" height=\"{height}\" fill=\"{}\"/>\n",
            theme.background.hex()
        );
        write_header(&mut svg, place, logs, &theme, width);
        if let Some(curves) = curves {
            svg.push_str(&curves.replacen("<svg ", &format!("<svg y=\"{HEADER_HEIGHT}\" "), 1));
        }
        svg.push_str("</svg>\n");
        svg
    }

    /// The finished epochs with the present one as it stands; within the first epoch, the loss by step.
    fn curves(&self, place: Place, logs: &Logs) -> Option<Figure> {
        if self.epochs.is_empty() {
            let (steps, losses): (Vec<usize>, Vec<f64>) =
                self.first.iter().filter(|(_, loss)| loss.is_finite()).copied().unzip();
            let figure = Figure::new().panel_title("loss").x_label("step").size(640, 300);
            return (steps.len() > 1).then(|| figure.line("training", steps, losses));
        }
        let mut epochs = self.epochs.clone();
        let mut series = self.series.clone();
        if place.step > 0 && epochs.last() != Some(&(place.epoch + 1)) {
            epochs.push(place.epoch + 1);
            for (name, values) in &mut series {
                values.push(logs.get(name).unwrap_or(f64::NAN));
            }
        }
        Some(plot::history_series(&epochs, &series))
    }
}

/// Where the training is, and how long it will take, in words.
fn headline(place: Place) -> [String; 2] {
    let epoch =
        if place.epochs > 1 { format!("Epoch {}/{}", place.epoch + 1, place.epochs) } else { String::new() };
    let mut left = format!("{}/{}", place.step, place.steps);
    if place.step > 0 && place.steps > 0 {
        let passed = place.epoch_start.elapsed().as_secs_f64();
        let per_step = passed / place.step as f64;
        let of_epoch = per_step * place.steps.saturating_sub(place.step) as f64;
        let _ = write!(left, " · {}", per_step_text(per_step) + "/step");
        let after = place.epochs.saturating_sub(place.epoch + 1);
        if after > 0 {
            let all = of_epoch + per_step * (after * place.steps) as f64;
            let _ = write!(left, " · {} left, {} for all epochs", seconds(of_epoch), seconds(all));
        } else {
            let _ = write!(left, " · {} left", seconds(of_epoch));
        }
    }
    [epoch, left]
}

fn write_header(svg: &mut String, place: Place, logs: &Logs, theme: &Theme, width: f64) {
    let [epoch, left] = headline(place);
    let values: Vec<String> = logs.iter().map(|(name, value)| format!("{name} {}", number(value))).collect();
    let (text, muted) = (theme.text.hex(), theme.muted.hex());
    let color = theme.cycle.first().map_or_else(|| text.clone(), |color| color.hex());
    let full = width - 24.0;
    let share = |done: f64, of: usize| full * if of == 0 { 0.0 } else { (done / of as f64).clamp(0.0, 1.0) };
    let of_epoch = share(place.step as f64, place.steps);
    let done = place.epoch as f64 + of_epoch / full;
    let of_all = share(done, place.epochs);
    let _ = write!(
        svg,
        "<g font-family=\"system-ui, sans-serif\" font-size=\"14\">\n\
         <text x=\"12\" y=\"22\" fill=\"{text}\" font-weight=\"600\">{epoch}</text>\n\
         <text x=\"{end}\" y=\"22\" fill=\"{muted}\" text-anchor=\"end\">{left}</text>\n\
         <rect x=\"12\" y=\"32\" width=\"{full}\" height=\"8\" rx=\"4\" fill=\"{grid}\"/>\n\
         <rect x=\"12\" y=\"32\" width=\"{of_epoch:.1}\" height=\"8\" rx=\"4\" fill=\"{color}\"/>\n\
         <rect x=\"12\" y=\"43\" width=\"{of_all:.1}\" height=\"3\" rx=\"1.5\" fill=\"{muted}\"/>\n\
         <text x=\"12\" y=\"66\" fill=\"{text}\">{values}</text>\n</g>\n",
        end = width - 12.0,
        grid = theme.grid.hex(),
        values = escaped(&values.join(" · ")),
    );
}

/// The names of metrics are the user's.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// A number among the attributes of the outermost element.
fn attribute(svg: &str, name: &str) -> Option<f64> {
    let head = svg.split_once('>')?.0;
    head.split_once(&format!(" {name}=\""))?.1.split_once('"')?.0.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn logs(pairs: &[(&str, f64)]) -> Logs {
        let mut logs = Logs::default();
        for (name, value) in pairs {
            logs.insert(*name, *value);
        }
        logs
    }

    fn place(epoch: usize, step: usize) -> Place {
        Place { epoch, epochs: 3, step, steps: 100, epoch_start: Instant::now() }
    }

    /// The curve grows within the first epoch and from epoch to epoch, and each picture is a whole one.
    #[test]
    fn the_curves_grow() {
        let mut live = Live::default();
        let first = live.picture(place(0, 0), &Logs::default());
        assert!(first.starts_with("<svg ") && first.contains("Epoch 1/3") && !first.contains("<path"));
        live.first = vec![(10, 1.0), (50, 0.5)];
        let second = live.picture(place(0, 50), &logs(&[("loss", 0.5)]));
        assert!(second.contains("50/100") && second.contains("loss 0.5000"), "{second}");
        assert!(second.len() > first.len() + 500);
        live.record(0, &logs(&[("loss", 0.5), ("val_loss", 0.6)]), "1".into());
        live.record(1, &logs(&[("loss", 0.4)]), "2".into());
        assert_eq!(live.series[1].1.len(), 2);
        let third = live.picture(place(2, 10), &logs(&[("loss", 0.3)]));
        assert_eq!(third.matches("<svg ").count(), 2);
        assert_eq!(third.matches("</svg>").count(), 2);
    }

    /// Names that are no XML do not break the picture.
    #[test]
    fn names_of_metrics_are_escaped() {
        let svg = Live::default().picture(place(0, 1), &logs(&[("a<b & c", 1.0)]));
        assert!(svg.contains("a&lt;b &amp; c 1.0000"));
    }

    /// A long training leaves its first and last epochs as text.
    #[test]
    fn the_text_of_a_long_training_is_short() {
        let mut live = Live::default();
        for epoch in 0..200 {
            live.record(epoch, &logs(&[("loss", 1.0)]), format!("line {epoch}"));
        }
        let text = live.all_text();
        assert_eq!(text.lines().count(), 51);
        assert!(text.contains("line 24\n(150 epochs)\nline 175"));
    }
}
