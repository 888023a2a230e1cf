//! Progress on stderr: what a step does and costs, then how it goes; rewritten in place on a terminal, plain lines
//! elsewhere.

use std::io::{IsTerminal, Write};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// How often a line on a terminal is redrawn.
const REDRAW: Duration = Duration::from_millis(120);
/// How often a log, which is no terminal, hears that a step still goes on.
const HEARTBEAT: Duration = Duration::from_secs(30);
/// Narrower than any terminal: a line that wraps could not be rewritten.
const WIDTH: usize = 79;

/// How long a step that may have nothing to do stays unseen.
const PATIENCE: Duration = Duration::from_secs(1);

/// Shows the steps of a set-up, numbered.
#[derive(Debug)]
pub(crate) struct Progress {
    live: bool,
    total: usize,
    begun: usize,
}

/// Where a step says what it is at.
#[derive(Debug)]
pub(crate) struct Report {
    detail: Mutex<String>,
}

impl Report {
    /// What the step is at; the last word of it is shown.
    pub(crate) fn say(&self, detail: &str) {
        let detail = detail.trim();
        if !detail.is_empty() {
            detail.clone_into(&mut self.detail.lock().unwrap_or_else(PoisonError::into_inner));
        }
    }

    fn detail(&self) -> String {
        self.detail.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Progress {
    pub(crate) fn new(total: usize) -> Self {
        let live =
            std::io::stderr().is_terminal() && std::env::var_os("TERM").is_none_or(|term| term != "dumb");
        Self { live, total, begun: 0 }
    }

    /// Does a step and shows it.
    pub(crate) fn step<T, E>(
        &mut self,
        title: &str,
        cost: &str,
        work: impl FnOnce(&Report) -> Result<T, E>,
    ) -> Result<T, E> {
        self.show(title, cost, Duration::ZERO, work)
    }

    /// Does a step that mostly has nothing to do, and shows it only if it takes longer than a second.
    pub(crate) fn quiet_step<T, E>(
        &mut self,
        title: &str,
        cost: &str,
        work: impl FnOnce(&Report) -> Result<T, E>,
    ) -> Result<T, E> {
        self.show(title, cost, PATIENCE, work)
    }

    fn show<T, E>(
        &mut self,
        title: &str,
        cost: &str,
        patience: Duration,
        work: impl FnOnce(&Report) -> Result<T, E>,
    ) -> Result<T, E> {
        self.begun += 1;
        let head = format!("[{}/{}] {title} ({cost})", self.begun, self.total);
        let report = Report { detail: Mutex::new(String::new()) };
        let started = Instant::now();
        let live = self.live;
        let (outcome, seen) = thread::scope(|scope| {
            let (finished, wait) = mpsc::channel::<()>();
            let (head, report) = (&head, &report);
            let painter = scope.spawn(move || {
                let goes_on = |period| wait.recv_timeout(period) == Err(RecvTimeoutError::Timeout);
                if !patience.is_zero() && !goes_on(patience) {
                    return false;
                }
                line(head);
                while goes_on(if live { REDRAW } else { HEARTBEAT }) {
                    let text = format!("      {} s  {}", started.elapsed().as_secs(), report.detail());
                    let text: String = text.chars().take(WIDTH).collect();
                    if live { redraw(&text) } else { line(&text) }
                }
                true
            });
            let outcome = work(report);
            drop(finished);
            (outcome, painter.join().unwrap_or(true))
        });
        if seen {
            if live {
                redraw("");
            }
            let verdict = if outcome.is_ok() { "done in" } else { "failed after" };
            line(&format!("      {verdict} {:.1} s", started.elapsed().as_secs_f64()));
        } else {
            self.begun -= 1;
            self.total -= 1;
        }
        outcome
    }
}

/// Writes a line to stderr; a reader that has gone away does not stop the work.
pub(crate) fn line(text: &str) {
    writeln!(std::io::stderr(), "{text}").ok();
}

fn redraw(text: &str) {
    let mut stderr = std::io::stderr().lock();
    write!(stderr, "\r\x1b[2K{text}").and_then(|()| stderr.flush()).ok();
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The last word of a step's report is what is shown, and blank lines do not wipe it out.
    #[test]
    fn a_report_keeps_its_last_word() {
        Progress { live: false, total: 1, begun: 0 }
            .step("try", "nothing", |report| {
                report.say("Collecting plotly\n");
                report.say("  \n");
                assert_eq!(report.detail(), "Collecting plotly");
                Ok::<(), ()>(())
            })
            .unwrap();
    }

    /// A step hands on what its work gives, and ends at once though the painter sleeps for long.
    #[test]
    fn a_step_ends_with_its_work() {
        let started = Instant::now();
        let mut progress = Progress { live: false, total: 2, begun: 0 };
        assert_eq!(progress.step("one", "nothing", |_| Ok::<i32, i32>(1)), Ok(1));
        assert_eq!(progress.quiet_step("two", "nothing", |_| Err::<i32, i32>(2)), Err(2));
        assert!(started.elapsed() < Duration::from_secs(1));
        assert_eq!((progress.begun, progress.total), (1, 1), "an unseen step does not count");
    }
}
