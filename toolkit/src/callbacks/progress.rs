//! The progress bar, which reads like Keras's.

mod live;

use super::Logs;
use crate::notebook;
use crate::{Error, Result};
use live::{Live, Place};
use std::io::{IsTerminal, Write};
use std::time::{Duration, Instant};

/// How much a training says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verbosity {
    Silent,
    Bar,
    Line,
}

/// How much a training says, as Keras writes it: 0 nothing, 1 a progress bar, 2 one line an epoch, `"auto"` (a bar).
///
/// # Example
/// ```
/// use kiln::prelude::*;
/// let mut model = Sequential::new().add(Dense::new(1).input_shape([1]));
/// model.compile("sgd", "mse", ())?;
/// let (x, y) = (Tensor::ones([8, 1]), Tensor::zeros([8, 1]));
/// model.fit(&x, &y).verbose("auto").run()?;
/// let error = model.fit(&x, &y).verbose(3).run().unwrap_err();
/// assert!(error.to_string().contains("0, 1, 2"));
/// # Ok::<(), kiln::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Verbose(Result<Verbosity>);

impl Verbose {
    pub(crate) fn level(&self) -> Result<Verbosity> {
        self.0.clone()
    }
}

impl Default for Verbose {
    fn default() -> Self {
        Self(Ok(Verbosity::Bar))
    }
}

impl From<&str> for Verbose {
    fn from(level: &str) -> Self {
        Self(match level {
            "auto" | "1" => Ok(Verbosity::Bar),
            "0" => Ok(Verbosity::Silent),
            "2" => Ok(Verbosity::Line),
            _ => Err(Error::argument(format!("verbose: there is no level `{level}`"))
                .with_help("0 says nothing, 1 and \"auto\" show a progress bar, 2 prints a line an epoch; valid are 0, 1, 2 and \"auto\"")),
        })
    }
}

impl From<i32> for Verbose {
    fn from(level: i32) -> Self {
        level.to_string().as_str().into()
    }
}

impl From<u8> for Verbose {
    fn from(level: u8) -> Self {
        i32::from(level).into()
    }
}

impl From<bool> for Verbose {
    fn from(says: bool) -> Self {
        i32::from(says).into()
    }
}

/// A bar is redrawn at most this often.
const REDRAW: Duration = Duration::from_millis(100);
const BAR_WIDTH: usize = 20;

/// Shows the epochs of one training. The final state of an epoch holds no time, so that notebooks reproduce.
///
/// Under Kiln's kernel the bar is a live view; elsewhere it is text, in a terminal with a bar that moves. However the
/// training ends, also by an error, dropping this leaves the final view.
#[derive(Debug)]
pub(crate) struct Progress {
    verbosity: Verbosity,
    epochs: usize,
    steps: usize,
    epoch: usize,
    epoch_start: Instant,
    last_draw: Option<Instant>,
    live: Option<Live>,
    is_terminal: bool,
    width: usize,
}

impl Progress {
    /// Of a training: in a notebook with the curves of its epochs.
    pub(crate) fn new(verbosity: Verbosity, epochs: usize, steps: usize) -> Self {
        Self::with_view(verbosity, epochs, steps, Live::default)
    }

    /// Of something that is no training, by `steps`: without curves.
    pub(crate) fn of_steps(verbosity: Verbosity, steps: usize) -> Self {
        Self::with_view(verbosity, 1, steps, Live::without_curves)
    }

    fn with_view(verbosity: Verbosity, epochs: usize, steps: usize, view: fn() -> Live) -> Self {
        let is_live = verbosity == Verbosity::Bar && notebook::is_live();
        Self {
            verbosity,
            epochs,
            steps,
            epoch: 0,
            epoch_start: Instant::now(),
            last_draw: None,
            live: is_live.then(view),
            is_terminal: std::io::stdout().is_terminal(),
            width: 0,
        }
    }

    pub(crate) fn epoch_begins(&mut self, epoch: usize) {
        self.epoch = epoch;
        self.epoch_start = Instant::now();
        self.last_draw = None;
        let place = self.place(0);
        if let Some(live) = &mut self.live {
            if live.is_due() {
                live.show(place, &Logs::default());
            }
        } else if self.verbosity != Verbosity::Silent && self.epochs > 1 {
            say(&format!("{}\n", self.title()));
        }
    }

    /// Whether the bar is due for a redraw; asked every step, so cheap.
    pub(crate) fn is_due(&self, step: usize) -> bool {
        if self.verbosity != Verbosity::Bar || step >= self.steps {
            return false;
        }
        match &self.live {
            Some(live) => live.is_due(),
            None => self.is_terminal && self.last_draw.is_none_or(|last| last.elapsed() >= REDRAW),
        }
    }

    pub(crate) fn draw(&mut self, step: usize, logs: &Logs) {
        self.last_draw = Some(Instant::now());
        let place = self.place(step);
        if let Some(live) = &mut self.live {
            live.show(place, logs);
            return;
        }
        let per_step = self.epoch_start.elapsed().as_secs_f64() / step.max(1) as f64;
        let left = per_step * (self.steps - step) as f64;
        let time = format!(" {} {}/step", seconds(left), per_step_text(per_step));
        let line = format!("{}{}{}", bar(step, self.steps), time, values(logs));
        let pad = " ".repeat(self.width.saturating_sub(line.chars().count()));
        self.width = line.chars().count();
        say(&format!("\r{line}{pad}"));
    }

    pub(crate) fn epoch_ends(&mut self, step: usize, logs: &Logs) {
        let line = match self.verbosity {
            Verbosity::Silent => return,
            Verbosity::Bar => format!("{}{}", bar(step, self.steps), values(logs)),
            Verbosity::Line => format!("{step}/{}{}", self.steps, values(logs)),
        };
        let (title, place) = (self.title(), self.place(step));
        if let Some(live) = &mut self.live {
            let text = if self.epochs > 1 { format!("{title}\n{line}") } else { line };
            live.record(self.epoch, logs, text);
            if live.is_due() {
                live.show(place, logs);
            }
            return;
        }
        let pad = " ".repeat(self.width.saturating_sub(line.chars().count()));
        let back = if std::mem::take(&mut self.width) > 0 { "\r" } else { "" };
        say(&format!("{back}{line}{pad}\n"));
    }

    fn title(&self) -> String {
        format!("Epoch {}/{}", self.epoch + 1, self.epochs)
    }

    fn place(&self, step: usize) -> Place {
        let (epoch, epochs, steps) = (self.epoch, self.epochs, self.steps);
        Place { epoch, epochs, step, steps, epoch_start: self.epoch_start }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some(live) = &mut self.live {
            live.finish();
        }
    }
}

/// Text that stays.
fn say(text: &str) {
    print!("{text}");
    let _ = std::io::stdout().flush();
}

fn bar(step: usize, steps: usize) -> String {
    let done = (BAR_WIDTH * step).checked_div(steps).unwrap_or(BAR_WIDTH).min(BAR_WIDTH);
    let width = steps.to_string().len();
    format!("{step:>width$}/{steps} {}{}", "━".repeat(done), "╌".repeat(BAR_WIDTH - done))
}

fn values(logs: &Logs) -> String {
    logs.iter().map(|(name, value)| format!(" - {name}: {}", number(value))).collect()
}

fn number(value: f64) -> String {
    if value.abs() > 1e-3 || value == 0.0 { format!("{value:.4}") } else { format!("{value:.4e}") }
}

fn seconds(left: f64) -> String {
    let whole = left.round() as u64;
    match whole {
        0..=60 => format!("{whole}s"),
        61..=3600 => format!("{}:{:02}", whole / 60, whole % 60),
        _ => format!("{}:{:02}:{:02}", whole / 3600, whole / 60 % 60, whole % 60),
    }
}

fn per_step_text(time: f64) -> String {
    if time >= 1.0 {
        format!("{time:.0}s")
    } else if time >= 1e-3 {
        format!("{:.0}ms", time * 1e3)
    } else {
        format!("{:.0}us", time * 1e6)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_and_times_read_like_those_of_keras() {
        assert_eq!(bar(50, 200), " 50/200 ━━━━━╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌");
        assert_eq!(bar(200, 200), "200/200 ━━━━━━━━━━━━━━━━━━━━");
        assert_eq!([seconds(7.4), seconds(75.0), seconds(3725.0)], ["7s", "1:15", "1:02:05"]);
        assert_eq!(
            [per_step_text(2.2), per_step_text(0.0033), per_step_text(0.0004)],
            ["2s", "3ms", "400us"]
        );
        let mut logs = Logs::default();
        logs.insert("accuracy", 0.875);
        logs.insert("loss", 0.000_123_4);
        assert_eq!(values(&logs), " - accuracy: 0.8750 - loss: 1.2340e-4");
    }
}
