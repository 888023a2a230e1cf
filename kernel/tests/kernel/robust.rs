//! What goes wrong in a cell leaves the kernel standing, says what happened, and leaves nothing behind.

use super::client::Kernel;
use super::kernel;
use serde_json::json;
use std::path::Path;
use std::time::{Duration, Instant};

fn is_there(process: u32) -> bool {
    // A process that has ended and was not waited for is a zombie: nothing of it but its number is left.
    std::fs::read_to_string(format!("/proc/{process}/stat"))
        .is_ok_and(|stat| !stat.rsplit(')').next().unwrap_or_default().trim_start().starts_with('Z'))
}

/// A cell that fills memory is ended before the machine is; variables that went with it are named.
#[test]
fn a_cell_that_fills_memory_is_ended() {
    let mut kernel = Kernel::start_with(&[("KILN_MEMORY", "400M")]);
    kernel.execute("let victim = vec![1];").ok();
    let answer = kernel.execute(
        "println!(\"begins\");\nlet mut all = Vec::new();\nfor _ in 0..1000 { all.push(vec![1_u8; 40 << 20]); }",
    );
    let (name, value) = answer.error();
    assert_eq!(name, "MemoryLimit");
    assert!(value.contains("419 MB"), "{value}");
    assert_eq!(answer.text("stdout"), "begins\n");
    let traceback = answer.reply["traceback"].to_string();
    assert!(traceback.contains("lost: victim") && traceback.contains("KILN_MEMORY"), "{traceback}");
    kernel.execute("let mut fits = vec![1_u8; 40 << 20];").ok();
    assert_eq!(kernel.execute("fits.len() >> 20").ok().result(), Some("40"));
}

/// A cell that crashes or aborts ends its process only.
#[test]
fn a_crash_ends_the_cells_process_only() {
    let mut kernel = kernel();
    kernel.execute("fn stays() -> i32 { 5 }\nlet gone = 1;").ok();
    for (cell, signal) in [
        ("println!(\"said\"); unsafe { *std::ptr::without_provenance_mut::<i32>(8) = 1 };", "SIGSEGV"),
        ("println!(\"said\"); std::process::abort();", "SIGABRT"),
        (
            "println!(\"said\"); fn deep(n: u64) -> u64 { std::hint::black_box([n; 64])[0] + deep(n + 1) }\ndeep(0);",
            "SIGABRT",
        ),
    ] {
        let answer = kernel.execute(cell);
        let (name, value) = answer.error();
        assert_eq!((name.as_str(), answer.text("stdout").as_str()), ("ProcessEnded", "said\n"), "{answer:?}");
        assert!(value.contains(signal), "{value}");
        assert_eq!(kernel.execute("stays()").ok().result(), Some("5"));
    }
    let traceback = kernel.execute("gone").reply["traceback"].to_string();
    assert!(traceback.contains("process that ran the cells ended"), "{traceback}");
}

/// An interrupt while the compiler works cancels the cell, and costs no variable.
#[test]
fn an_interrupt_cancels_the_compiler() {
    let mut kernel = kernel();
    kernel.execute("let before = 1;").ok();
    // Enough for the compiler to work on for several seconds.
    let functions: String = (0..3000)
        .map(|n| format!("#[inline(never)] fn slow_{n}(x: f64) -> String {{ format!(\"{{x:?}} {n}\") }}\n"))
        .collect();
    let calls: String = (0..3000).map(|n| format!("total += slow_{n}(1.0).len();\n")).collect();
    let id = kernel.begin(&format!("{functions}let mut total = 0;\n{calls}"));
    std::thread::sleep(Duration::from_millis(700));
    let since = Instant::now();
    kernel.ask_control("interrupt_request", json!({}));
    let answer = kernel.finish(&id);
    assert_eq!(answer.error().0, "Interrupted", "{}", answer.reply);
    assert!(since.elapsed() < Duration::from_secs(3), "{:?}", since.elapsed());
    assert_eq!(kernel.execute("before").ok().result(), Some("1"));
}

/// Two kernels side by side do not see each other's variables, and both share one history.
#[test]
fn two_kernels_work_side_by_side() {
    let (mut first, mut second) = (Kernel::start(), Kernel::start());
    let ids = [first.begin("let own = 1;"), second.begin("let own = 2;")];
    first.finish(&ids[0]).ok();
    second.finish(&ids[1]).ok();
    assert_eq!(first.execute("own").ok().result(), Some("1"));
    assert_eq!(second.execute("own").ok().result(), Some("2"));
    first.execute("// only in the first\n1").ok();
    first.shut_down();
    assert_eq!(second.execute("own + 1").ok().result(), Some("3"));
    let history = json!({"hist_access_type": "search", "pattern": "// only in*", "n": 1, "output": true, "raw": true, "unique": false});
    let found = second.ask("history_request", history);
    assert_eq!(found["history"][0][2], json!(["// only in the first\n1", "1"]), "{found}");
}

/// What a killed kernel leaves is ended and removed: its processes at once, its directory by the next kernel.
#[test]
fn a_killed_kernel_leaves_nothing() {
    let mut kernel = Kernel::start();
    kernel
        .execute("std::thread::spawn(|| loop { std::thread::sleep(std::time::Duration::from_secs(1)) });")
        .ok();
    let (processes, directories) = (kernel.processes(), kernel.directories());
    assert!(processes.len() >= 2 && directories.len() == 1, "{processes:?} {directories:?}");
    drop(kernel);
    let since = Instant::now();
    while processes.iter().any(|process| is_there(*process)) {
        assert!(since.elapsed() < Duration::from_secs(10), "{processes:?}");
        std::thread::sleep(Duration::from_millis(20));
    }
    assert!(directories.iter().all(|directory| directory.exists()), "a kill gives no time to clean up");
    let mut next = Kernel::start();
    next.execute("1").ok();
    assert!(directories.iter().all(|directory| !Path::new(directory).exists()), "{directories:?}");
}

/// A loop of a hundred million operations takes at most twice what a release build takes.
#[test]
fn a_loop_in_a_cell_is_fast() {
    const LOOP: &str = "let start = std::time::Instant::now(); let mut sum = 0.0_f64; \
        for i in 0..100_000_000_u64 { sum = sum * 0.999_999 + i as f64; } \
        println!(\"{} {}\", start.elapsed().as_secs_f64(), sum > 0.0);";
    let seconds =
        |text: &str| text.split(' ').next().and_then(|first| first.parse::<f64>().ok()).expect("a time");
    let directory = std::path::PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
    let (source, program) = (directory.join("loop.rs"), directory.join("loop"));
    std::fs::write(&source, format!("fn main() {{ {LOOP} }}")).unwrap();
    let rustc = std::process::Command::new("rustc").arg("-O").arg(&source).arg("-o").arg(&program).status();
    assert!(rustc.unwrap().success());
    let mut kernel = kernel();
    // The best of three each, in turn: other work on the machine only adds.
    let (mut cell, mut release) = (f64::MAX, f64::MAX);
    for _ in 0..3 {
        let output = std::process::Command::new(&program).output().unwrap();
        release = release.min(seconds(&String::from_utf8_lossy(&output.stdout)));
        cell = cell.min(seconds(&kernel.execute(LOOP).ok().text("stdout")));
    }
    assert!(cell <= 2.0 * release, "{cell} s in a cell, {release} s in a release build");
}

fn open_files(process: u32) -> usize {
    std::fs::read_dir(format!("/proc/{process}/fd")).map_or(0, Iterator::count)
}

/// Two hundred cells in a row leave no more files open than twenty, in no process.
#[test]
#[ignore = "takes minutes; `.ci/full` runs it"]
fn two_hundred_cells_leave_nothing_open() {
    let mut kernel = Kernel::start();
    let mut after_twenty = 0;
    for number in 0..200 {
        let answer =
            kernel.execute(&format!("let v{} = vec![{number}; 10];\nv{}[0]", number % 20, number % 20)).ok();
        assert_eq!(answer.result(), Some(number.to_string().as_str()));
        let open: usize = kernel.processes().into_iter().map(open_files).sum();
        if number == 20 {
            after_twenty = open;
        }
        assert!(
            number < 20 || open <= after_twenty + 5,
            "{open} files are open after {number} cells, {after_twenty} after 20"
        );
    }
    assert_eq!(kernel.processes().len(), 2);
}

/// Fifty kernels, one after the other, end within seconds and leave neither processes nor directories.
#[test]
#[ignore = "takes minutes; `.ci/full` runs it"]
fn fifty_restarts_leave_nothing() {
    for number in 0..50 {
        let mut kernel = Kernel::start();
        assert_eq!(kernel.execute("1 + 1").ok().result(), Some("2"));
        let (processes, directories) = (kernel.processes(), kernel.directories());
        assert!(kernel.shut_down() < Duration::from_secs(10));
        assert!(!processes.iter().any(|process| is_there(*process)), "restart {number}: {processes:?}");
        assert!(!directories.iter().any(|directory| directory.exists()), "restart {number}: {directories:?}");
    }
}
