//! The evaluator: evcxr, with what it needs around it. It lives on a thread of its own.

mod commands;

use super::cell::{self, Cell};
use super::channel::{Channel, Report, Sink};
use super::diagnostics::{Known, compile_error};
use super::directory::Directory;
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
use kiln::notebook::host::ShowDebug as _;
macro_rules! eprintln {
    ("{}", $value:ident) => { eprintln!(@ $value, $value) };
    (@ error, $value:ident) => { ::kiln::notebook::host::report_failure(&$value) };
    (@ $name:ident, $value:ident) => { ::std::eprintln!("{}", $value) };
    ($($token:tt)*) => { ::std::eprintln!($($token)*) };
}
"#;

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
        let record = directory.path().join("call");
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
            .env("LD_LIBRARY_PATH", library_path(&prebuilt.toolchain.libraries, &library)?);
        let (mut context, _) =
            EvalContext::with_subprocess_command(command).context("evcxr does not start")?;
        let mut state = context.state();
        state.set_linker("system".to_owned());
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
        };
        evaluator.read_scope();
        Ok(evaluator)
    }

    /// Runs a cell; its outputs go to `sink` as they come.
    pub(super) fn execute(&mut self, code: &str, sink: &Sink) -> Result<(), CellError> {
        self.channel.begin(Arc::clone(sink));
        let length = cell::commands_length(code);
        let (commands, rest) = code.split_at(length);
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
        let annotated = prepared.code.as_str();
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

    /// Names the variables that a failing cell would have left behind, and those that it took along.
    fn with_lost(&mut self, error: CellError, cell: &Cell, earlier: &[String]) -> CellError {
        // What does not compile has run nothing, and every earlier variable is still there.
        if error.name == "CompileError" {
            return error;
        }
        let is_gone = |name: &&String| !self.scope.variables.iter().any(|(kept, _)| kept == *name);
        let of_cell: Vec<String> = cell.variables.iter().filter(is_gone).cloned().collect();
        let is_told = |name: &&String| self.lost.iter().any(|(lost, _)| lost == *name);
        let moved: Vec<String> = earlier
            .iter()
            .filter(|name| is_gone(name) && !is_told(name) && !cell.variables.contains(name))
            .cloned()
            .collect();
        let mut lines = Vec::new();
        if !of_cell.is_empty() {
            lines.push(format!("not kept, since this cell failed: {}", of_cell.join(", ")));
        }
        if !moved.is_empty() {
            lines.push(format!("moved by this cell, and so lost: {}", moved.join(", ")));
            lines.push("help: pass a reference (`&`) or a `.clone()` to keep a variable".to_owned());
        }
        let reason = "the cell that defined it failed";
        self.lost.extend(of_cell.into_iter().map(|name| (name, reason.to_owned())));
        error.with_lines(lines)
    }

    fn outcome(&self, code: &str, annotated: &str, report: &Report) -> Result<(), CellError> {
        if let Some(panic) = &report.panic {
            let place = panic.location.as_ref().map(|location| self.place(code, annotated, location));
            let value = if panic.message.is_empty() { "the cell panicked" } else { &panic.message };
            return Err(CellError::new("panic", value).with_lines(place));
        }
        if let Some((message, type_name)) = &report.failure {
            return Err(CellError::new(short_name(type_name), message.clone()));
        }
        if report.interrupted {
            return Err(interrupted("its variables were kept"));
        }
        Ok(())
    }

    fn process_ended(&mut self, message: &str, variables: &[String]) -> CellError {
        let report = self.channel.report(true);
        let was_interrupted = self.channel.is_interrupted();
        let mut lines = Vec::new();
        if let Some(panic) = report.panic.filter(|_| !was_interrupted) {
            lines.push(format!("panic: {}", panic.message));
        }
        if !variables.is_empty() {
            lines.push(format!("lost: {}", variables.join(", ")));
            let reason = "the process that ran the cells ended";
            self.lost.extend(variables.iter().map(|name| (name.clone(), reason.to_owned())));
        }
        lines.push("functions, types and imports of earlier cells are still there".to_owned());
        if was_interrupted {
            return interrupted("it did not react, so its process was ended").with_lines(lines);
        }
        if let Some(reason) = report.reason {
            lines.push(
                "help: the variable KILN_MEMORY sets the limit: `8G`, `50%` of what is free, or `none`"
                    .to_owned(),
            );
            return CellError::new(
                "MemoryLimit",
                format!("the process that runs the cells was ended: {reason}"),
            )
            .with_lines(lines);
        }
        let how = message.rsplit_once("status: ").map_or(message, |(_, how)| how);
        CellError::new("ProcessEnded", format!("the process that runs the cells ended: {how}"))
            .with_lines(lines)
    }

    /// evcxr could not compile the cell: the compiler says why in terms of the cell's own lines, or else evcxr does.
    fn compile_error(&self, code: &str, errors: &[evcxr::CompilationError]) -> CellError {
        let known = Known { lost: &self.lost };
        if let Some(parsed) = cell::parse(code)
            && let Ok(findings) = self.compiler.probe(code, &parsed, &self.scope)
            && !findings.errors.is_empty()
        {
            return compile_error(code, &findings.errors, &known);
        }
        let messages: Vec<Value> = errors.iter().map(|error| positioned(code, error)).collect();
        compile_error(code, &messages, &known)
    }

    /// Where a panic was, in the cell's own lines if it was there.
    fn place(&self, code: &str, annotated: &str, (file, line, column): &(String, u32, u32)) -> String {
        if !file.ends_with("src/lib.rs") || Path::new(file).is_absolute() {
            return format!("at {file}:{line}:{column}");
        }
        let source = self.commands.last_source().unwrap_or_default();
        let index = usize::try_from(*line).unwrap_or(usize::MAX).saturating_sub(1);
        let text = source.lines().nth(index).unwrap_or_default().trim();
        // The types that were written into the cell changed no line's number.
        let found = annotated.lines().position(|line| {
            let line = line.trim();
            !line.is_empty()
                && (text == line || (text.len() > 3 && line.contains(text)) || text.contains(line))
        });
        match found {
            Some(number) => format!(
                "at line {} of this cell: {}",
                number + 1,
                code.lines().nth(number).unwrap_or_default().trim()
            ),
            None => format!("at: {text}"),
        }
    }

    fn check_interrupt(&self) -> Result<(), CellError> {
        if self.channel.is_interrupted() { Err(interrupted("before the cell was compiled")) } else { Ok(()) }
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

fn interrupted(how: &str) -> CellError {
    CellError::new("Interrupted", format!("the cell was interrupted: {how}"))
}

/// The last part of a type's path, without its parameters.
fn short_name(type_name: &str) -> &str {
    let path = type_name.split('<').next().unwrap_or(type_name);
    path.rsplit("::").next().filter(|name| !name.is_empty()).unwrap_or("Error")
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

/// An error of evcxr in the form of the compiler's messages, with spans in bytes of the cell.
fn positioned(code: &str, error: &evcxr::CompilationError) -> Value {
    let starts: Vec<usize> =
        std::iter::once(0).chain(code.match_indices('\n').map(|(at, _)| at + 1)).collect();
    let byte = |line: usize, column: usize| {
        let start = starts.get(line.saturating_sub(1)).copied().unwrap_or(code.len());
        let chars = code[start..].char_indices().nth(column.saturating_sub(1));
        chars.map_or(code.len(), |(at, _)| start + at)
    };
    let spans: Vec<Value> = error
        .spanned_messages()
        .iter()
        .filter_map(|message| {
            let span = message.span?;
            Some(serde_json::json!({
                "byte_start": byte(span.start_line, span.start_column), "byte_end": byte(span.end_line, span.end_column),
                "label": message.label, "is_primary": message.is_primary,
            }))
        })
        .collect();
    let help: Vec<Value> =
        error.help().into_iter().map(|help| serde_json::json!({"level": "help", "message": help})).collect();
    serde_json::json!({"message": error.message(), "code": error.json["code"], "level": "error", "spans": spans, "children": help})
}
