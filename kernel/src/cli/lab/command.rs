//! Running a command of the set-up: its output goes to a log and into the progress line, its end into the error.

use std::collections::VecDeque;
use std::fmt;
use std::fs::{self, OpenOptions};
use std::io::{BufRead, BufReader, PipeReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::Result;

use super::progress::Report;

/// How many of the last lines an error shows, and how much of each.
const TAIL: usize = 12;
const WIDTH: usize = 160;

/// A command that failed, with its last lines and the command that repairs it.
#[derive(Debug)]
pub(crate) struct Failure {
    step: String,
    command: String,
    outcome: String,
    tail: Vec<String>,
    log: PathBuf,
    repair: String,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "could not {}: the command {}", self.step, self.outcome)?;
        writeln!(f, "  {}", self.command)?;
        for line in &self.tail {
            writeln!(f, "  | {}", line.chars().take(WIDTH).collect::<String>())?;
        }
        write!(f, "help: {}\n      (all of its output: {})", self.repair, self.log.display())
    }
}

impl std::error::Error for Failure {}

/// Runs the command to its end. `step` completes "could not ...", `repair` says what to do then.
///
/// # Errors
/// A [`Failure`].
pub(crate) fn run(
    command: &mut Command,
    step: &str,
    repair: &str,
    log: &Path,
    report: &Report,
) -> Result<()> {
    let shown = show(command);
    let fail = |outcome: String, tail: Vec<String>| Failure {
        step: step.to_owned(),
        command: shown.clone(),
        outcome,
        tail,
        log: log.to_path_buf(),
        repair: repair.to_owned(),
    };
    // One pipe for both streams keeps their lines in order.
    let (output, mut child) =
        spawn(command).map_err(|error| fail(format!("could not be started: {error}"), Vec::new()))?;

    if let Some(folder) = log.parent() {
        fs::create_dir_all(folder).ok();
    }
    let mut log_file = OpenOptions::new().create(true).append(true).open(log).ok();
    let mut note = |line: &str| {
        if let Some(file) = &mut log_file {
            writeln!(file, "{line}").ok();
        }
    };
    note(&format!("$ {shown}"));

    let mut tail = VecDeque::new();
    let mut output = BufReader::new(output);
    let mut bytes = Vec::new();
    while output.read_until(b'\n', &mut bytes).is_ok_and(|count| count > 0) {
        let line = String::from_utf8_lossy(&bytes).trim_end().to_owned();
        bytes.clear();
        note(&line);
        report.say(&line);
        if !line.trim().is_empty() {
            tail.push_back(line);
        }
        if tail.len() > TAIL {
            tail.pop_front();
        }
    }
    match child.wait() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(fail(format!("ended with {status}"), tail.into()).into()),
        Err(error) => Err(fail(format!("could not be waited for: {error}"), tail.into()).into()),
    }
}

fn spawn(command: &mut Command) -> std::io::Result<(PipeReader, Child)> {
    let (reader, writer) = std::io::pipe()?;
    command.stdin(Stdio::null()).stdout(writer.try_clone()?).stderr(writer);
    let child = command.spawn();
    // The command keeps its ends of the pipe open until they are replaced, and the reader would wait for them.
    command.stdout(Stdio::null()).stderr(Stdio::null());
    Ok((reader, child?))
}

/// The command as one would type it.
pub(crate) fn show(command: &Command) -> String {
    std::iter::once(command.get_program())
        .chain(command.get_args())
        .map(|word| {
            let word = word.to_string_lossy();
            let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=+,@%".contains(c);
            if !word.is_empty() && word.chars().all(plain) { word.into_owned() } else { format!("'{word}'") }
        })
        .collect::<Vec<_>>()
        .join(" ")
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::super::progress::Progress;
    use super::*;

    fn run_script(script: &str, log: &Path) -> Result<()> {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        Progress::new(1)
            .step("try", "nothing", |report| run(&mut command, "try it", "try again", log, report))
    }

    #[test]
    fn a_failure_shows_the_command_its_last_lines_and_the_way_out() {
        let log = std::env::temp_dir().join(format!("kiln-lab-log-{}", std::process::id()));
        run_script("echo fine", &log).unwrap();
        let script = "for i in $(seq 1 30); do echo line $i; done; echo 'no such package' >&2; exit 3";
        let error = run_script(script, &log).unwrap_err();
        let text = error.to_string();
        assert!(text.starts_with("could not try it: the command ended with exit status: 3"), "{text}");
        assert!(text.contains("  | no such package"), "{text}");
        assert!(text.contains("  | line 30") && !text.contains("line 7\n"), "{text}");
        assert!(text.contains("help: try again"), "{text}");
        let log_text = fs::read_to_string(&log).unwrap();
        assert!(log_text.contains("fine") && log_text.contains("line 7\n"), "{log_text}");
        fs::remove_file(log).ok();
    }

    #[test]
    fn a_command_that_is_missing_is_named() {
        let report_of = |report: &Report| {
            run(&mut Command::new("/no/such/program"), "try it", "get it", Path::new("/dev/null"), report)
        };
        let error = Progress::new(1).step("try", "nothing", report_of).unwrap_err();
        assert!(error.to_string().contains("/no/such/program"), "{error}");
        assert!(error.to_string().contains("could not be started"), "{error}");
    }

    #[test]
    fn words_with_blanks_or_signs_are_quoted() {
        let mut command = Command::new("pip");
        command.args(["install", "plotly>=6,<7", ""]);
        assert_eq!(show(&command), "pip install 'plotly>=6,<7' ''");
    }
}
