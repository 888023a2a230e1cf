//! The evaluator: evcxr, with what it needs around it. It lives on a thread of its own.

use super::build;
use super::cell::{self, Cell};
use super::channel::{Channel, Report, Sink};
use super::diagnostics::{Known, compile_error};
use super::directory::Directory;
use super::hide::hide;
use super::metadata;
use super::output::{CellError, Output, Stream};
use super::probe::{Compiler, Scope};
use super::types::{LOCAL_MACRO, annotate};
use crate::{bundle, paths, runtime};
use anyhow::{Context, Result};
use evcxr::{CommandContext, EvalContext};
use serde_json::{Map, Value};
use std::panic::AssertUnwindSafe;
use std::path::Path;
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
    lost: Vec<(String, String)>,
    toolkit: bundle::Prebuilt,
    /// Whether the reader was told that the toolkit has changed.
    told: bool,
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
        context
            .eval_with_state(&format!("{PRIMING}{LOCAL_MACRO}"), state)
            .context("the toolkit cannot be used")?;
        let mut evaluator = Self {
            commands: CommandContext::with_eval_context(context),
            compiler: Compiler::new(directory.path(), &record),
            channel: Arc::clone(channel),
            scope: Scope::default(),
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
        self.check_toolkit(commands, sink)?;
        if !commands.trim().is_empty() {
            self.run(commands, commands, sink)?;
        }
        if rest.trim().is_empty() {
            return Ok(());
        }
        // The commands' lines stay as empty ones, so that errors name the lines that the reader sees.
        let code = "\n".repeat(commands.matches('\n').count()) + rest;
        self.check_interrupt()?;
        let annotated = match cell::parse(&code) {
            Some(parsed) => self.annotated(&code, &parsed)?,
            None => {
                let findings =
                    self.compiler.probe(&code, &cell::unparsed(&code), &self.scope).unwrap_or_default();
                if !findings.errors.is_empty() {
                    return Err(compile_error(&code, &findings.errors, &Known { lost: &self.lost }));
                }
                code.clone()
            }
        };
        self.check_interrupt()?;
        self.run(&code, &annotated, sink)
    }

    /// The number of the process that runs the cells.
    pub(super) fn handle(&self) -> Arc<std::sync::Mutex<std::process::Child>> {
        self.commands.process_handle()
    }

    pub(super) fn commands(&mut self) -> &mut CommandContext {
        &mut self.commands
    }

    /// The code with the types of its variables written down; an error if it does not compile.
    fn annotated(&mut self, code: &str, parsed: &Cell) -> Result<String, CellError> {
        let needs_types =
            parsed.statements.iter().any(|statement| matches!(statement.kind, cell::StatementKind::Let(_)));
        if !needs_types {
            return Ok(code.to_owned());
        }
        let Ok(findings) = self.compiler.probe(code, parsed, &self.scope) else {
            // Without the compiler's answer, evcxr finds the types that it can.
            return Ok(code.to_owned());
        };
        if !findings.errors.is_empty() {
            return Err(compile_error(code, &findings.errors, &Known { lost: &self.lost }));
        }
        let annotated = annotate(code, parsed, &findings);
        self.lost.extend(annotated.local);
        Ok(annotated.code)
    }

    /// Gives code to evcxr, and finds out how it went.
    fn run(&mut self, code: &str, annotated: &str, sink: &Sink) -> Result<(), CellError> {
        let annotated = &hide(annotated);
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

    /// Says once that the toolkit was edited. The cells go on with the library that the session has loaded; only what
    /// would have cargo build a new one beside it is refused.
    fn check_toolkit(&mut self, commands: &str, sink: &Sink) -> Result<(), CellError> {
        if !self.toolkit.is_outdated() {
            return Ok(());
        }
        if commands.lines().any(|line| line.trim_start().starts_with(":dep"))
            || build::has_own_crates(self.compiler.directory())
        {
            return Err(CellError::new(
                "ToolkitChanged",
                "the toolkit was edited since this kernel started, and crates can be added to the new one only",
            )
            .with_lines(["help: restart the kernel".to_owned()]));
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
fn this_program() -> Result<std::path::PathBuf> {
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
