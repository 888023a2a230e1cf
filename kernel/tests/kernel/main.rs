//! The real kernel, driven over its sockets by a client in Rust.
//!
//! Most checks share one kernel, as the cells of a notebook do; a check that depends on a fresh one starts its own.
#![allow(clippy::unwrap_used)]

mod again;
mod client;
mod command_line;
mod commands;
mod devices;
mod edited;
mod export;
mod notebooks;
mod protocol;
mod robust;
mod standby;
mod training;

use client::{Kernel, execute_content};
use serde_json::json;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

/// The kernel that most checks share.
fn kernel() -> MutexGuard<'static, Kernel> {
    static KERNEL: OnceLock<Mutex<Kernel>> = OnceLock::new();
    KERNEL.get_or_init(|| Mutex::new(Kernel::start())).lock().unwrap_or_else(PoisonError::into_inner)
}

/// The kernel answers long before its evaluator is ready, and says what it is.
#[test]
fn answers_at_once() {
    let kernel = kernel();
    assert_eq!(kernel.info["status"], "ok");
    assert_eq!(kernel.info["language_info"]["name"], "rust");
    // The goal is 0.3 s; the bound leaves room for other work on the machine.
    assert!(kernel.time_to_info < Duration::from_secs(2), "{:?}", kernel.time_to_info);
}

/// Streams arrive whole and in order; a result is a result, and a unit value is none.
#[test]
fn shows_text_and_results() {
    let mut kernel = kernel();
    let answer = kernel.execute("println!(\"가\"); eprintln!(\"err\"); print!(\"no end\"); 1 + 2").ok();
    assert_eq!((answer.text("stdout").as_str(), answer.text("stderr").as_str()), ("가\nno end", "err\n"));
    assert_eq!(answer.result(), Some("3"));
    let answer = kernel.execute("for i in 0..2 { println!(\"{i}\"); }").ok();
    assert_eq!((answer.text("stdout").as_str(), answer.result()), ("0\n1\n", None));
    let answer = kernel.execute("struct NoDebug; NoDebug");
    assert!(answer.error().1.contains("cannot be shown"), "{answer:?}");
}

/// Text without a line end arrives while the cell is running.
#[test]
fn unfinished_lines_arrive_at_once() {
    let mut kernel = kernel();
    let since = Instant::now();
    let id = kernel.begin("print!(\"now\"); std::thread::sleep(std::time::Duration::from_secs(3));");
    let started = kernel.wait_for(&id, "stream");
    assert_eq!(started["text"], "now");
    let arrived = Instant::now();
    kernel.finish(&id).ok();
    assert!(arrived.elapsed() > Duration::from_secs(2), "it came {:?} after the start", arrived - since);
}

/// A hundred thousand lines arrive, in few messages.
#[test]
fn many_lines_arrive() {
    let answer = kernel().execute("for i in 0..100_000 { println!(\"line {i}\"); }").ok();
    let text = answer.text("stdout");
    assert_eq!(text.lines().count(), 100_000);
    assert!(text.lines().enumerate().all(|(number, line)| line == format!("line {number}")));
    assert!(answer.messages.len() < 2_000, "{} messages", answer.messages.len());
}

/// Variables of every usual kind are kept, although no sources of the standard library are at hand.
#[test]
fn variables_are_kept() {
    let mut kernel = kernel();
    kernel.execute("use kiln::prelude::*;").ok();
    let cell = "
let v = vec![1.0, 2.0];
let (a, mut b) = (v.clone(), String::from(\"b\"));
let map: std::collections::HashMap<_, _> = v.iter().map(|x| (x.to_string(), *x)).collect();
let parsed = \"12\".parse::<i64>()?;
let maybe = v.iter().cloned().find(|x| *x > 1.5);
let boxed: Box<dyn Fn(f64) -> f64> = Box::new(|x| x + 1.0);
let error = kiln::Error::argument(\"wrong\");
let text = \"static\";
let square = |x: f64| x * x;
let part = &v[..1];
let (left, right) = v.split_at(1);
square(part[0]) * (left.len() * right.len()) as f64";
    assert_eq!(kernel.execute(cell).ok().result(), Some("1.0"));
    let answer = kernel.execute(
        "b.push('!'); format!(\"{a:?} {b} {} {parsed} {maybe:?} {} {error} {text}\", map.len(), boxed(1.0))",
    );
    assert_eq!(answer.ok().result(), Some("\"[1.0, 2.0] b! 2 12 Some(2.0) 2 wrong static\""));
    let answer = kernel.execute("square(2.0)");
    let traceback = answer.reply["traceback"].to_string();
    assert!(traceback.contains("was not kept") && traceback.contains("closure"), "{traceback}");
}

/// A value's own display is used also where the last expression uses a variable up.
#[test]
fn a_last_expression_may_use_a_variable_up() {
    let mut kernel = kernel();
    kernel.execute("use kiln::prelude::*;\nlet figure = Figure::new().line(\"a\", 0..2, [1.0, 2.0]);").ok();
    let answer = kernel.execute("figure.title(\"shown\")").ok();
    assert!(answer.result().is_some_and(|text| text.starts_with("Figure: shown")), "{:?}", answer.result());
    let answer = kernel.execute("let text = String::from(\"a\");\ntext + \"b\"");
    assert_eq!(answer.ok().result(), Some("\"ab\""));
}

/// A panic, an early return, a compile error and an exit are errors; what was there before a panic is still there.
#[test]
fn errors_are_errors() {
    let mut kernel = kernel();
    kernel.execute("let kept = vec![1, 2, 3];").ok();
    let (name, value) = kernel.execute("let i = kept.len();\nlet lost = kept[i];").error();
    assert_eq!(name, "panic");
    assert!(value.contains("index out of bounds"), "{value}");
    let (name, value) = kernel.execute("let n = \"x\".parse::<i32>()?;").error();
    assert_eq!((name.as_str(), value.as_str()), ("ParseIntError", "invalid digit found in string"));
    let (name, value) = kernel.execute("let s = \"가\"; let n: i32 = s;").error();
    assert_eq!(name, "CompileError");
    assert!(value.contains("E0308"), "{value}");
    assert_eq!(kernel.execute("kept.len()").ok().result(), Some("3"));
    let (name, value) = kernel.execute("std::process::exit(3);").error();
    assert_eq!(name, "ProcessEnded");
    assert!(value.contains('3'), "{value}");
    let traceback = kernel.execute("kept.len()").reply["traceback"].to_string();
    assert!(traceback.contains("process that ran the cells ended"), "{traceback}");
    kernel.execute("println!(\"on\");").ok();
}

/// A failing expression that was caught, or a panic of another thread, ends no cell.
#[test]
fn a_caught_panic_is_no_error() {
    let mut kernel = kernel();
    let answer =
        kernel.execute("let caught = std::panic::catch_unwind(|| panic!(\"inner\")).is_err();\ncaught").ok();
    assert_eq!(answer.result(), Some("true"));
    assert!(answer.text("stderr").contains("inner"));
    let answer = kernel.execute("std::thread::spawn(|| panic!(\"other\")).join().is_err()").ok();
    assert!(answer.text("stderr").contains("other"));
}

/// Displays keep their place between prints, any number in a cell, and can be updated by a later cell.
#[test]
fn displays_keep_their_order() {
    let mut kernel = kernel();
    let answer = kernel
        .execute(
            "use kiln::notebook::{self, MimeBundle};
             println!(\"a\"); notebook::display(&MimeBundle::text(\"1\").with(\"text/html\", \"<b>1</b>\"));
             print!(\"b\"); notebook::display_as(\"id\", &MimeBundle::text(\"2\")); println!(\"c\");
             notebook::clear_output(true);",
        )
        .ok();
    let kinds: Vec<&str> = answer.messages.iter().map(|(kind, _)| kind.as_str()).collect();
    assert_eq!(kinds[1..], ["stream", "display_data", "stream", "display_data", "stream", "clear_output"]);
    assert_eq!(answer.of("display_data")[0]["data"]["text/html"], "<b>1</b>");
    assert_eq!(answer.of("display_data")[1]["transient"]["display_id"], "id");
    let answer = kernel.execute("notebook::update(\"id\", &MimeBundle::text(\"3\"));").ok();
    assert_eq!(answer.of("update_display_data")[0]["data"]["text/plain"], "3");
}

/// An interrupt stops a loop that asks for it, keeps the variables of its cell, and aborts what waits.
#[test]
fn an_interrupt_keeps_variables() {
    let mut kernel = kernel();
    let id = kernel.begin(
        "println!(\"begins\");
         let mut steps = 0_u64;
         while !kiln::notebook::interrupted() { steps += 1; std::thread::sleep(std::time::Duration::from_millis(1)); }",
    );
    kernel.wait_for(&id, "stream");
    let waiting = kernel.begin("println!(\"never\");");
    std::thread::sleep(Duration::from_millis(300));
    let since = Instant::now();
    assert_eq!(kernel.ask_control("interrupt_request", json!({}))["status"], "ok");
    let answer = kernel.finish(&id);
    assert!(since.elapsed() < Duration::from_secs(3), "{:?}", since.elapsed());
    assert_eq!(answer.error().0, "Interrupted");
    assert_eq!(kernel.finish(&waiting).reply["status"], "aborted");
    assert_eq!(kernel.execute("steps > 0").ok().result(), Some("true"));
    assert_eq!(kernel.execute("kiln::notebook::interrupted()").ok().result(), Some("false"));
}

/// A cell that does not react is ended, and the message names what was lost.
#[test]
fn a_stubborn_cell_is_ended() {
    let mut kernel = kernel();
    kernel.execute("let victim = 1;").ok();
    let id =
        kernel.begin("println!(\"begins\"); loop { std::thread::sleep(std::time::Duration::from_secs(1)); }");
    kernel.wait_for(&id, "stream");
    kernel.ask_control("interrupt_request", json!({}));
    let answer = kernel.finish(&id);
    assert_eq!(answer.error().0, "Interrupted");
    assert!(answer.reply["traceback"].to_string().contains("victim"), "{answer:?}");
    kernel.execute("println!(\"on\");").ok();
}

/// Cells that wait behind a failing one are aborted when it says so.
#[test]
fn waiting_cells_are_aborted() {
    let mut kernel = kernel();
    let first = kernel.begin("std::thread::sleep(std::time::Duration::from_millis(500)); panic!(\"stop\");");
    let second = kernel.begin("println!(\"never\");");
    assert_eq!(kernel.finish(&first).error().0, "panic");
    let second = kernel.finish(&second);
    assert_eq!(second.reply["status"], "aborted");
    assert!(second.messages.is_empty(), "{second:?}");
}

/// Input goes to the one who reads the notebook.
#[test]
fn input_is_asked_for() {
    let mut kernel = kernel();
    let id = kernel.begin("let name = kiln::input(\"name? \")?;\nname");
    let asked = kernel.answer_input("가나");
    assert_eq!((asked["prompt"].as_str(), asked["password"].as_bool()), (Some("name? "), Some(false)));
    assert_eq!(kernel.finish(&id).ok().result(), Some("\"가나\""));
    let mut content = execute_content("kiln::notebook::input(\"? \").is_err()");
    content["allow_stdin"] = json!(false);
    assert_eq!(kernel.ask("execute_request", content)["status"], "ok");
}

/// The other requests are answered.
#[test]
fn answers_other_requests() {
    let mut kernel = kernel();
    let complete = |code: &str| json!({"code": code});
    assert_eq!(kernel.ask("is_complete_request", complete("1 + 1"))["status"], "complete");
    assert_eq!(kernel.ask("is_complete_request", complete("fn f() {"))["status"], "incomplete");
    assert_eq!(kernel.ask("is_complete_request", complete("let = 7"))["status"], "invalid");
    assert_eq!(kernel.ask("comm_info_request", json!({}))["comms"], json!({}));
    kernel.execute("let remembered = 1;").ok();
    let history = json!({"hist_access_type": "search", "pattern": "let remem*", "n": 1, "output": false, "raw": true, "unique": true});
    assert_eq!(kernel.ask("history_request", history)["history"][0][2], "let remembered = 1;");
    let code = "kiln::notebook::disp";
    let completed = kernel.ask("complete_request", json!({"code": code, "cursor_pos": code.len()}));
    assert!(completed["matches"].to_string().contains("display_as"), "{completed}");
    let code = "kiln::notebook::display";
    let inspected =
        kernel.ask("inspect_request", json!({"code": code, "cursor_pos": code.len(), "detail_level": 0}));
    assert!(inspected["data"].to_string().contains("below the running cell"), "{inspected}");
}

/// A kernel that is told to end leaves neither a process nor a file.
#[test]
fn a_shutdown_leaves_nothing() {
    let mut kernel = Kernel::start();
    let answer = kernel.execute("1").ok();
    assert_eq!(answer.reply["execution_count"], 1);
    let (processes, directories) = (kernel.processes(), kernel.directories());
    assert!(processes.len() >= 2 && directories.len() == 1, "{processes:?} {directories:?}");
    kernel.shut_down();
    assert!(
        processes.iter().all(|process| !std::path::Path::new(&format!("/proc/{process}")).exists()),
        "{processes:?}"
    );
    assert!(directories.iter().all(|directory| !directory.exists()), "{directories:?}");
}
