//! The lines of commands at the beginning of a cell: `:dep` and evcxr's others.

use super::super::channel::Sink;
use super::super::dependencies::{self, Line};
use super::super::metadata::quoted;
use super::super::output::{CellError, Output, Stream};
use super::{Evaluator, Items, Prepared};
use crate::bundle;
use serde_json::{Map, Value};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant, SystemTime};

/// How often the notebook hears of a crate that is compiled.
const INTERVAL: Duration = Duration::from_millis(250);

impl Evaluator {
    /// Runs lines of commands. Crates are added without the network if they are on this machine, and with it otherwise.
    pub(super) fn run_commands(&mut self, commands: &str, sink: &Sink) -> Result<(), CellError> {
        let locked = dependencies::locked(&self.lock_file());
        let mut passed = String::new();
        let mut added = Vec::new();
        for text in commands.lines() {
            match dependencies::line(text, &locked) {
                Line::Pass(line) => passed.push_str(&line),
                Line::Add { name, line } => {
                    passed.push_str(&line);
                    added.push(name);
                }
                Line::Nothing(sentence) => sink(Output::Text(Stream::Stdout, format!("{sentence}\n"))),
            }
            passed.push('\n');
        }
        if passed.trim().is_empty() {
            return Ok(());
        }
        // What cannot be kept is resolved anew by cargo.
        let _ = std::fs::copy(self.lock_file(), kept_versions(&self.directory));
        if added.is_empty() {
            let result = self.pass(commands, &passed, sink);
            if result.is_ok() && commands.lines().any(|line| line.trim() == ":clear") {
                self.begin_anew();
            }
            return result;
        }
        passed.push_str(&put_versions_back(&self.directory));
        let before = modified(&self.library);
        let progress = Progress::start(&added, &bundle::compiled_crates(&self.record), sink);
        let result = self.add(commands, &passed, before, sink);
        progress.end(result.is_ok());
        if result.is_ok() && modified(&self.library) != before {
            self.load_toolkit_again(&added, sink);
        }
        result
    }

    /// `:clear` has taken along what every cell sees, and the toolkit.
    fn begin_anew(&mut self) {
        // It was compiled at the start of the session, so it compiles now.
        let _ = self.commands.execute(&self.priming);
        self.items = Items::default();
        self.lost.clear();
        self.read_scope();
    }

    fn add(
        &mut self,
        commands: &str,
        passed: &str,
        before: Option<SystemTime>,
        sink: &Sink,
    ) -> Result<(), CellError> {
        let quiet = |evaluator: &mut Self, command: &str| {
            // It only sets a switch.
            let _ = evaluator.commands.execute(command);
        };
        quiet(self, ":offline 1");
        let mut result = self.pass(commands, passed, sink);
        quiet(self, ":offline 0");
        if result.as_ref().is_err_and(|error| ["CompileError", "Error"].contains(&error.name.as_str())) {
            result = self.pass(commands, passed, sink);
        }
        // The process could not load what was linked to a new build of the toolkit; the next one can.
        if result.as_ref().is_err_and(|error| error.name == "ProcessEnded")
            && modified(&self.library) != before
        {
            result = self.pass(commands, passed, sink);
        }
        result
    }

    fn pass(&mut self, commands: &str, passed: &str, sink: &Sink) -> Result<(), CellError> {
        self.run(commands, Prepared { code: passed.to_owned(), ..Prepared::default() }, sink)
    }

    /// A crate wanted other features of one that the toolkit uses, so cargo has built the toolkit anew; cells and process
    /// must agree on which build it is.
    fn load_toolkit_again(&mut self, added: &[String], sink: &Sink) {
        let lost: Vec<String> = self.scope.variables.iter().map(|(name, _)| name.clone()).collect();
        let _ = self.commands.execute(":restart");
        self.read_scope();
        let mut text =
            format!("note: {} needs the toolkit built anew, and it was loaded anew", added.join(", "));
        if !lost.is_empty() {
            text.push_str(&format!("; lost: {}", lost.join(", ")));
        }
        sink(Output::Text(Stream::Stderr, text + "\n"));
        let reason = format!("the toolkit was loaded anew for {}", added.join(", "));
        self.lost.extend(lost.into_iter().map(|name| (name, reason.clone())));
    }

    fn lock_file(&self) -> PathBuf {
        lock_file(&self.directory)
    }
}

fn lock_file(directory: &Path) -> PathBuf {
    directory.join("cells/Cargo.lock")
}

/// Where the versions are kept while evcxr asks cargo about new crates.
fn kept_versions(directory: &Path) -> PathBuf {
    directory.join("versions.lock")
}

/// A command for evcxr, behind `:dep`, that brings the lock file back.
///
/// To find out whether there is such a crate, evcxr has cargo resolve a package with no other dependency, which leaves nothing
/// else in the lock file. The build after that would take the newest releases of all that the toolkit needs, and compile
/// the toolkit anew with them. evcxr carries commands out in their order, and builds behind the last.
pub(super) fn put_versions_back(directory: &Path) -> String {
    format!("!cp {} {}", quoted(&kept_versions(directory)), quoted(&lock_file(directory)))
}

fn modified(path: &Path) -> Option<SystemTime> {
    std::fs::metadata(path).and_then(|about| about.modified()).ok()
}

/// A line below the cell that says how far the compiling of crates is.
struct Progress {
    is_over: Arc<AtomicBool>,
    names: String,
    thread: Option<JoinHandle<usize>>,
    since: Instant,
    sink: Sink,
}

impl Progress {
    fn start(added: &[String], compiled: &Path, sink: &Sink) -> Self {
        let names = added.join(", ");
        let _ = std::fs::remove_file(compiled);
        let is_over = Arc::new(AtomicBool::new(false));
        show(sink, &names, &format!("adding {names}: cargo finds out what it needs"), false);
        let (over, compiled, title, to) =
            (Arc::clone(&is_over), compiled.to_owned(), names.clone(), Arc::clone(sink));
        let thread = std::thread::Builder::new().name("kiln-progress".into()).spawn(move || {
            let mut count = 0;
            while !over.load(Ordering::Acquire) {
                std::thread::sleep(INTERVAL);
                let text = std::fs::read_to_string(&compiled).unwrap_or_default();
                if text.lines().count() > count {
                    count = text.lines().count();
                    let last = text.lines().last().unwrap_or_default();
                    show(&to, &title, &format!("adding {title}: compiling {last} (crate {count})"), true);
                }
            }
            count
        });
        Self { is_over, names, thread: thread.ok(), since: Instant::now(), sink: Arc::clone(sink) }
    }

    fn end(self, is_added: bool) {
        self.is_over.store(true, Ordering::Release);
        let count = self.thread.and_then(|thread| thread.join().ok()).unwrap_or(0);
        let text = match (is_added, count) {
            (true, 0) => format!("added {}: nothing had to be compiled", self.names),
            (true, count) => {
                let seconds = self.since.elapsed().as_secs();
                format!("added {}: {count} crates compiled in {seconds} s", self.names)
            }
            (false, _) => format!("{} was not added", self.names),
        };
        show(&self.sink, &self.names, &text, true);
    }
}

fn show(sink: &Sink, names: &str, text: &str, again: bool) {
    let data = Map::from_iter([("text/plain".to_owned(), Value::from(text))]);
    let id = format!("kiln-dep-{names}");
    sink(match again {
        true => Output::Update { data, metadata: Map::new(), id },
        false => Output::Display { data, metadata: Map::new(), id: Some(id) },
    });
}
