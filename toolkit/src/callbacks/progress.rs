//! The progress bar, which reads like Keras's.

use super::Logs;
use crate::notebook::{self, MimeBundle};
use std::io::{IsTerminal, Write};
use std::time::{Duration, Instant};

/// How much a training says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verbosity {
    Silent,
    Bar,
    Line,
}

/// A bar is redrawn at most this often.
const REDRAW: Duration = Duration::from_millis(100);
const BAR_WIDTH: usize = 20;

/// Shows the epochs of one training. The final state of an epoch holds no time, so that notebooks reproduce.
#[derive(Debug)]
pub(crate) struct Progress {
    verbosity: Verbosity,
    epochs: usize,
    steps: usize,
    /// What stands above the present epoch: the finished ones, for a live display.
    finished: String,
    epoch_start: Instant,
    last_draw: Option<Instant>,
    live_id: Option<String>,
    width: usize,
}

impl Progress {
    pub(crate) fn new(verbosity: Verbosity, epochs: usize, steps: usize) -> Self {
        Self {
            verbosity,
            epochs,
            steps,
            finished: String::new(),
            epoch_start: Instant::now(),
            last_draw: None,
            live_id: None,
            width: 0,
        }
    }

    pub(crate) fn epoch_begins(&mut self, epoch: usize) {
        self.epoch_start = Instant::now();
        self.last_draw = None;
        if self.verbosity == Verbosity::Silent {
            return;
        }
        if self.epochs > 1 {
            self.say(&format!("Epoch {}/{}\n", epoch + 1, self.epochs));
        }
    }

    /// Whether the bar is due for a redraw; asked every step, so cheap.
    pub(crate) fn is_due(&self, step: usize) -> bool {
        self.verbosity == Verbosity::Bar
            && step < self.steps
            && (step.is_multiple_of(8) && self.last_draw.is_none_or(|last| last.elapsed() >= REDRAW))
            && (notebook::is_live() || std::io::stdout().is_terminal())
    }

    pub(crate) fn draw(&mut self, step: usize, logs: &Logs) {
        self.last_draw = Some(Instant::now());
        let per_step = self.epoch_start.elapsed().as_secs_f64() / step.max(1) as f64;
        let left = per_step * (self.steps - step) as f64;
        let time = format!(" {} {}/step", seconds(left), per_step_text(per_step));
        let line = format!("{}{}{}", bar(step, self.steps), time, values(logs));
        if notebook::is_live() {
            self.show_live(&line);
        } else {
            let pad = " ".repeat(self.width.saturating_sub(line.chars().count()));
            self.width = line.chars().count();
            print!("\r{line}{pad}");
            let _ = std::io::stdout().flush();
        }
    }

    pub(crate) fn epoch_ends(&mut self, step: usize, logs: &Logs) {
        let line = match self.verbosity {
            Verbosity::Silent => return,
            Verbosity::Bar => format!("{}{}", bar(step, self.steps), values(logs)),
            Verbosity::Line => format!("{step}/{}{}", self.steps, values(logs)),
        };
        let pad = " ".repeat(self.width.saturating_sub(line.chars().count()));
        let back = if std::mem::take(&mut self.width) > 0 { "\r" } else { "" };
        self.say(&format!("{back}{line}{pad}\n"));
    }

    /// Text that stays.
    fn say(&mut self, text: &str) {
        if notebook::is_live() {
            self.finished.push_str(text);
            self.show_live("");
        } else {
            print!("{text}");
            let _ = std::io::stdout().flush();
        }
    }

    fn show_live(&mut self, line: &str) {
        let text = format!("{}{line}", self.finished);
        let bundle = MimeBundle::text(text.trim_end_matches('\n'));
        if let Some(id) = &self.live_id {
            notebook::update(id, &bundle);
        } else {
            let id = format!("kiln-training-{:x}", crate::random::fresh_id());
            notebook::display_as(&id, &bundle);
            self.live_id = Some(id);
        }
    }
}

fn bar(step: usize, steps: usize) -> String {
    let done = (BAR_WIDTH * step).checked_div(steps).unwrap_or(BAR_WIDTH).min(BAR_WIDTH);
    let width = steps.to_string().len();
    format!("{step:>width$}/{steps} {}{}", "━".repeat(done), "╌".repeat(BAR_WIDTH - done))
}

fn values(logs: &Logs) -> String {
    let one = |(name, value): (&str, f64)| {
        if value.abs() > 1e-3 || value == 0.0 {
            format!(" - {name}: {value:.4}")
        } else {
            format!(" - {name}: {value:.4e}")
        }
    };
    logs.iter().map(one).collect()
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
