//! The evaluator: evcxr, with what it needs around it. It lives on a thread of its own.

mod commands;
mod failure;

use self::failure::{interrupted, toolkit_changed};
use super::build;
use super::cell::{self, Cell};
use super::channel::{Channel, Sink};
use super::diagnostics::{Known, compile_error};
use super::directory::Directory;
use super::hide::hide;
use super::items::{self, Items};
use super::metadata;
use super::output::{CellError, Output, Stream};
use super::probe::{Compiler, Findings, Scope};
use super::types::{LOCAL_MACRO, annotate, has_word};
use crate::{bundle, paths, runtime};
use anyhow::{Context, Result};
use evcxr::{CommandContext, EvalContext};
use serde_json::{Map, Value};
use std::collections::HashSet;
use std::panic::AssertUnwindSafe;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What every cell sees: the display of results, the report of an error that `?` returns, and cell-local statements.
///
/// evcxr prints the error of `?` by `eprintln!("{}", error)`; that one call is turned into a report with its type.
const PRIMING: &str = r#"
use kiln::show::ShowDebug as _;
macro_rules! eprintln {
    ("{}", $value:ident) => { eprintln!(@ $value, $value) };
    (@ error, $value:ident) => { ::kiln::notebook::host::report_failure(&$value) };
    (@ $name:ident, $value:ident) => { ::std::eprintln!("{}", $value) };
    ($($token:tt)*) => { ::std::eprintln!($($token)*) };
}
"#;

/// Makes the first real cell a later one: it has all parts compiled that cells share, the store of variables and the return
/// by `?` among them. Nothing of it stays.
pub(crate) const WARMING: &str = "if false { Err::<(), ::std::fmt::Error>(::std::fmt::Error)?; let _ = ::kiln::prelude::Tensor::zeros([1]); }";

/// Where evcxr's generated source goes on to something else than items of cells.
const GENERATED: [&str; 5] = [
    "struct EvcxrUserCodeError {",
    "mod evcxr_internal_runtime {",
    "#[unsafe(no_mangle)]\npub extern \"C\" fn run_user_code",
    "fn evcxr_variable_store<",
    "async fn evcxr_analysis_wrapper",
];

/// Evaluates cells, one after the other.
pub(super) struct Evaluator {
    commands: CommandContext,
    compiler: Compiler,
    channel: Arc<Channel>,
    scope: Scope,
    /// The session's directory.
    directory: PathBuf,
    /// The file for the compiler's calls.
    record: PathBuf,
    /// The toolkit's library.
    library: PathBuf,
    /// The cell that makes the toolkit and [`PRIMING`] known.
    priming: String,
    items: Items,
    lost: Vec<(String, String)>,
    toolkit: bundle::Prebuilt,
    /// Whether the reader was told that the toolkit has changed.
    told: bool,
}

/// A cell as evcxr gets it.
#[derive(Debug, Default)]
struct Prepared {
    code: String,
    cell: Cell,
    /// The names of earlier items that it replaces.
    replaced: HashSet<String>,
    /// Items of earlier cells that do not compile any more, each with the compiler's reason.
    dropped: Vec<(String, String)>,
    /// Variables of types that it defines anew.
    stale: Vec<String>,
}

impl Prepared {
    /// Names that are gone by this cell, each with the reason.
    fn lost(&self) -> Vec<(String, String)> {
        let dropped = self.dropped.iter().map(|(name, reason)| {
            let reason = format!("it does not fit a later definition ({reason}); run its cell again");
            (items::member(name).to_owned(), reason)
        });
        let stale = self.stale.iter().map(|name| (name.clone(), "its type was defined anew".to_owned()));
        dropped.chain(stale).collect()
    }
}

impl Evaluator {
    /// Starts evcxr in the session's directory, with the toolkit at hand.
    pub(super) fn start(
        directory: &Directory,
        channel: &Arc<Channel>,
        progress: &mut dyn FnMut(&str),
    ) -> Result<Self> {
        let prebuilt = bundle::prebuild(progress)?;
        let library = prebuilt.start_session(directory.path())?;
        let record = build::record(directory.path());
        build::write_script(directory.path())?;
        build::begin_session(
            directory.path(),
            &prebuilt.toolchain.cargo,
            &prebuilt.toolchain.rustc,
            &prebuilt.manifest(),
        )?;
        metadata::write_script(&directory.path().join("cargo-home"), &prebuilt.toolchain.cargo)?;
        let mut command = std::process::Command::new(this_program()?);
        command
            // What the toolkit cannot do within a notebook (downloads, pictures), it has this program do.
            .env("KILN_EXE", std::env::current_exe()?)
            .envs(crate::plotly::script().map(|script| (crate::plotly::VARIABLE, script)))
            .env(runtime::SOCKET, channel.socket())
            .env(runtime::DISPLAY, channel.display())
            .env(runtime::LIBRARY, &library)
            .env("CARGO_HOME", paths::cargo_home()?)
            .env("PATH", std::env::join_paths(super::user_path())?)
            .env("LD_LIBRARY_PATH", library_path(&prebuilt.toolchain.libraries, &library)?);
        let (mut context, _) =
            EvalContext::with_subprocess_command(command).context("evcxr does not start")?;
        let mut state = context.state();
        // Not the linker: evcxr puts it before cargo, and what it finds under this name is ours (see `build`).
        state.set_linker("mold".to_owned());
        for (name, value) in bundle::build_environment(&prebuilt.recorder, &record)? {
            state.set_build_env(name, &value);
        }
        state.add_dep(bundle::DEPENDENCY, &prebuilt.dependency())?;
        // evcxr has built a crate without dependencies, which emptied the lock file.
        prebuilt.lock_versions(directory.path())?;
        context
            .eval_with_state(&format!("{PRIMING}{LOCAL_MACRO}"), state)
            .context("the toolkit cannot be used")?;
        let mut evaluator = Self {
            commands: CommandContext::with_eval_context(context),
            compiler: Compiler::new(directory.path(), &record),
            channel: Arc::clone(channel),
            scope: Scope::default(),
            directory: directory.path().to_owned(),
            record: record.clone(),
            library,
            priming: format!(
                ":dep {} = {}\n{}\n{}{LOCAL_MACRO}",
                bundle::DEPENDENCY,
                prebuilt.dependency(),
                commands::put_versions_back(directory.path()),
                PRIMING.trim_start()
            ),
            items: Items::default(),
            lost: Vec::new(),
            toolkit: prebuilt,
            told: false,
        };
        evaluator.read_scope();
        Ok(evaluator)
    }

    /// Compiles what cells share, while no cell waits.
    pub(super) fn warm(&mut self) {
        let nowhere: Sink = Arc::new(|_| {});
        // If it fails, the first cell is slower, or says why.
        let _ = self.execute(WARMING, &nowhere);
    }

    /// Runs a cell; its outputs go to `sink` as they come.
    pub(super) fn execute(&mut self, code: &str, sink: &Sink) -> Result<(), CellError> {
        self.channel.begin(Arc::clone(sink));
        let length = cell::commands_length(code);
        let (commands, rest) = code.split_at(length);
        self.check_toolkit(sink)?;
        if !commands.trim().is_empty() {
            self.run_commands(commands, sink)?;
        }
        if rest.trim().is_empty() {
            return Ok(());
        }
        // The commands' lines stay as empty ones, so that errors name the lines that the reader sees.
        let code = "\n".repeat(commands.matches('\n').count()) + rest;
        self.check_interrupt()?;
        let prepared = match cell::parse(&code) {
            Some(parsed) => self.prepared(&code, parsed)?,
            None => {
                let findings =
                    self.compiler.probe(&code, &cell::unparsed(&code), &self.scope).unwrap_or_default();
                if !findings.errors.is_empty() {
                    return Err(compile_error(&code, &findings.errors, &Known { lost: &self.lost }));
                }
                Prepared { code: code.clone(), ..Prepared::default() }
            }
        };
        self.check_interrupt()?;
        self.forget(&prepared, sink);
        self.run(&code, prepared, sink)
    }

    /// The type of an expression that would follow the statements `before`.
    pub(super) fn type_of(&self, before: &str, expression: &str) -> Option<String> {
        let length = cell::commands_length(before);
        let code = format!("{}\nlet kiln_receiver = &({expression});", &before[length..]);
        let parsed = cell::parse(&code)?;
        let count: usize = parsed
            .statements
            .iter()
            .map(|statement| match &statement.kind {
                cell::StatementKind::Let(found) => found.variables.len(),
                _ => 0,
            })
            .sum();
        let findings = self.compiler.probe(&code, &parsed, &self.scope).ok()?;
        findings.types.get(&count.checked_sub(1)?).cloned()
    }

    /// The number of the process that runs the cells.
    pub(super) fn handle(&self) -> Arc<std::sync::Mutex<std::process::Child>> {
        self.commands.process_handle()
    }

    pub(super) fn commands(&mut self) -> &mut CommandContext {
        &mut self.commands
    }

    /// The code with the types of its variables written down; an error if it does not compile.
    fn prepared(&mut self, code: &str, parsed: Cell) -> Result<Prepared, CellError> {
        let needs_types =
            parsed.statements.iter().any(|statement| matches!(statement.kind, cell::StatementKind::Let(_)));
        let mut prepared = Prepared {
            code: code.to_owned(),
            replaced: self.items.replaced(&parsed),
            cell: parsed,
            ..Prepared::default()
        };
        let changed = self.changed_items(code, &prepared);
        let needs_probe = needs_types || !changed.is_empty();
        prepared.stale = self.variables_of(changed);
        if !needs_probe {
            prepared.code = annotate(code, &prepared.cell, &Findings::default()).code;
        } else if let Some(findings) = self.probe(code, &mut prepared) {
            // Without the compiler's answer, evcxr finds the types that it can.
            if !findings.errors.is_empty() {
                let lost = [self.lost.clone(), prepared.lost()].concat();
                return Err(compile_error(code, &findings.errors, &Known { lost: &lost }));
            }
            let annotated = annotate(code, &prepared.cell, &findings);
            self.lost.extend(annotated.local);
            prepared.code = annotated.code;
        }
        let defined: HashSet<&String> = prepared.cell.names().collect();
        let replaced = prepared.replaced.iter().filter(|name| !defined.contains(name)).cloned();
        let gone: Vec<String> =
            replaced.chain(prepared.dropped.iter().map(|(name, _)| name.clone())).collect();
        prepared.code = items::prepared(&prepared.code, gone);
        Ok(prepared)
    }

    /// What the cell defines anew, and not by the same code.
    fn changed_items(&self, code: &str, prepared: &Prepared) -> HashSet<String> {
        if prepared.replaced.is_empty() {
            return HashSet::new();
        }
        let earlier = items::by_name(&self.scope.items);
        let mut changed = HashSet::new();
        for item in &prepared.cell.items {
            let text = &code[item.range.clone()];
            let differs = |earlier: &String| match text.starts_with("use ") && earlier.starts_with("use ") {
                // evcxr writes an import of several names as several ones.
                true => !earlier.split([':', ' ', ';']).all(|part| part.is_empty() || has_word(text, part)),
                false => !earlier.ends_with(text),
            };
            changed.extend(item.names.iter().filter(|name| earlier.get(*name).is_some_and(differs)).cloned());
        }
        changed
    }

    /// The variables whose types are made of `changed` definitions.
    fn variables_of(&self, changed: HashSet<String>) -> Vec<String> {
        if changed.is_empty() {
            return Vec::new();
        }
        let changed = items::made_of(&self.scope.items, changed);
        let is_stale = |ty: &str| changed.iter().any(|name| has_word(ty, name));
        self.scope.variables.iter().filter(|(_, ty)| is_stale(ty)).map(|(name, _)| name.clone()).collect()
    }

    /// Drops the variables of types that are about to be defined anew, while evcxr still knows the old definition.
    fn forget(&mut self, prepared: &Prepared, sink: &Sink) {
        if prepared.stale.is_empty() {
            return;
        }
        let drops: String = prepared.stale.iter().map(|name| format!("drop({name}); ")).collect();
        // If a destructor fails, evcxr has forgotten the variables all the same.
        let _ = std::panic::catch_unwind(AssertUnwindSafe(|| self.commands.execute(&drops)));
        let bound_again = |name: &&String| prepared.cell.variables.contains(name);
        let (_, lost): (Vec<&String>, Vec<&String>) = prepared.stale.iter().partition(bound_again);
        for name in lost {
            let text = format!("note: `{name}` is lost, since its type was defined anew\n");
            sink(Output::Text(Stream::Stderr, text));
        }
        self.read_scope();
        self.lost.extend(prepared.lost());
    }

    /// Asks the compiler. Items of earlier cells that do not fit what the cell defines are left out.
    fn probe(&self, code: &str, prepared: &mut Prepared) -> Option<Findings> {
        let mut scope = self.scope.clone();
        scope.variables.retain(|(name, _)| !prepared.stale.contains(name));
        if !prepared.replaced.is_empty() {
            scope.items = cell::without_items(&scope.items, &prepared.replaced);
        }
        loop {
            let findings = self.compiler.probe(code, &prepared.cell, &scope).ok()?;
            let mut names = HashSet::new();
            for (at, reason) in &findings.in_items {
                let found = items::names_at(&scope.items, *at);
                prepared.dropped.extend(found.iter().map(|name| (name.clone(), reason.clone())));
                names.extend(found);
            }
            if names.is_empty() {
                return Some(findings);
            }
            scope.items = cell::without_items(&scope.items, &names);
        }
    }

    /// Gives code to evcxr, and finds out how it went.
    fn run(&mut self, code: &str, prepared: Prepared, sink: &Sink) -> Result<(), CellError> {
        let annotated = hide(&prepared.code);
        let annotated = annotated.as_str();
        let variables: Vec<String> = self.scope.variables.iter().map(|(name, _)| name.clone()).collect();
        let evaluated = std::panic::catch_unwind(AssertUnwindSafe(|| self.commands.execute(annotated)));
        let Ok(evaluated) = evaluated else {
            return Err(CellError::new(
                "KernelError",
                "the evaluator panicked on this cell; the details are in the kernel's log",
            ));
        };
        let result = match evaluated {
            Ok(outputs) => {
                show_command_output(&outputs.content_by_mime_type, sink);
                self.take_items(&prepared, sink);
                self.outcome(code, annotated, &self.channel.report(false))
            }
            Err(evcxr::Error::SubprocessTerminated(message)) => Err(self.process_ended(&message, &variables)),
            Err(_) if self.channel.is_interrupted() => Err(interrupted("while the cell was compiled")),
            Err(evcxr::Error::CompilationErrors(errors)) => Err(self.compile_error(code, &errors)),
            Err(evcxr::Error::TypeRedefinedVariablesLost(names)) => Err(CellError::new(
                "TypeRedefined",
                format!("the type of {} was defined anew, so they are lost", names.join(", ")),
            )),
            Err(evcxr::Error::Message(message)) => Err(CellError::new("Error", message)),
        };
        self.read_scope();
        let result = result.map_err(|error| self.with_lost(error, &prepared.cell, &variables));
        for name in variables {
            if !self.scope.variables.iter().any(|(kept, _)| *kept == name)
                && !self.lost.iter().any(|(lost, _)| *lost == name)
            {
                self.lost.push((
                    name,
                    "an earlier cell moved it; give that cell a reference (`&`) or a `.clone()`".to_owned(),
                ));
            }
        }
        let kept: Vec<String> = self.scope.variables.iter().map(|(name, _)| name.clone()).collect();
        self.lost.retain(|(name, _)| !kept.contains(name));
        result
    }

    /// The cell was compiled, so its items have taken the place of earlier ones.
    fn take_items(&mut self, prepared: &Prepared, sink: &Sink) {
        let mut replaced = prepared.replaced.clone();
        replaced.extend(prepared.dropped.iter().map(|(name, _)| name.clone()));
        self.items.add(&prepared.cell, &replaced);
        for (name, reason) in &prepared.dropped {
            let name = items::described(name);
            let text =
                format!("note: {name} of an earlier cell does not fit any more, and was dropped: {reason}\n");
            sink(Output::Text(Stream::Stderr, text));
        }
        self.lost.extend(prepared.lost());
    }

    fn check_interrupt(&self) -> Result<(), CellError> {
        if self.channel.is_interrupted() { Err(interrupted("before the cell was compiled")) } else { Ok(()) }
    }

    /// Says once that the toolkit was edited. The cells go on with the library that the session has loaded; only what
    /// would have cargo build a new one beside it is refused.
    fn check_toolkit(&mut self, sink: &Sink) -> Result<(), CellError> {
        if !self.toolkit.is_outdated() {
            return Ok(());
        }
        if build::asks_cargo(&self.directory) {
            return Err(toolkit_changed());
        }
        if !std::mem::replace(&mut self.told, true) {
            let note = "kiln: the toolkit was edited since this kernel started; cells go on with the one it started with. \
                        Restart the kernel to use the new one.\n";
            sink(Output::Text(Stream::Stderr, note.to_owned()));
        }
        Ok(())
    }

    /// Reads what the session's code is by now, for the next probe.
    fn read_scope(&mut self) {
        let source = self.commands.last_source().unwrap_or_default();
        let end = GENERATED.iter().filter_map(|marker| source.find(marker)).min();
        if let Some(end) = end {
            self.scope.items = source[..end].to_owned();
        }
        self.scope.variables =
            self.commands.variables_and_types().map(|(name, ty)| (name.to_owned(), ty.to_owned())).collect();
    }
}

/// This very program, also when its file has been replaced by a newer build meanwhile.
fn this_program() -> Result<PathBuf> {
    let running = Path::new("/proc/self/exe");
    Ok(if running.exists() { running.to_owned() } else { std::env::current_exe()? })
}

fn library_path(standard: &Path, toolkit: &Path) -> Result<std::ffi::OsString> {
    let before = std::env::var_os("LD_LIBRARY_PATH").unwrap_or_default();
    let toolkit = toolkit.parent().unwrap_or(Path::new("/"));
    let ours = [standard.to_owned(), toolkit.to_owned()];
    Ok(std::env::join_paths(ours.into_iter().chain(std::env::split_paths(&before)))?)
}

/// What `:vars`, `:help` or `!ls` say.
fn show_command_output(content: &std::collections::HashMap<String, String>, sink: &Sink) {
    if content.len() == 1
        && let Some(text) = content.get("text/plain")
    {
        if !text.is_empty() {
            sink(Output::Text(
                Stream::Stdout,
                if text.ends_with('\n') { text.clone() } else { format!("{text}\n") },
            ));
        }
        return;
    }
    if !content.is_empty() {
        let data: Map<String, Value> =
            content.iter().map(|(mime, text)| (mime.clone(), Value::String(text.clone()))).collect();
        sink(Output::Display { data, metadata: Map::new(), id: None });
    }
}
