//! Lines of commands: crates that are added, and what evcxr says of a session.

use super::client::Kernel;
use super::kernel;

/// The toolkit is there already, by the line that the stock kernel needs, too.
#[test]
fn the_toolkit_need_not_be_added() {
    let mut kernel = kernel();
    kernel.execute("let before = 3;").ok();
    for line in [
        ":dep kiln = { package = \"kiln-bundle\", path = \"../kernel/bundle\" }",
        ":dep kiln = { path = \"/no/such/place\" }",
    ] {
        let answer = kernel.execute(&format!("{line}\nuse kiln::prelude::*;\nbefore")).ok();
        assert!(answer.text("stdout").contains("is here already"), "{answer:?}");
        assert_eq!(answer.result(), Some("3"));
    }
}

/// A crate of the toolkit's and one from the registry are added, said so, and cost no variable.
#[test]
fn crates_are_added() {
    let mut kernel = Kernel::start();
    kernel.execute("let before = 3;").ok();
    let answer = kernel.execute(":dep ndarray\nlet a = ndarray::Array1::<f64>::ones(4);\na.sum()").ok();
    assert_eq!(answer.result(), Some("4.0"));
    // One of the kernel's own, so that it is on this machine.
    let answer = kernel
        .execute(":dep fallible-iterator = \"0.3\"\nuse fallible_iterator::FallibleIterator as _;")
        .ok();
    let said = answer.of("update_display_data").last().unwrap()["data"]["text/plain"].clone();
    assert!(
        said.as_str().is_some_and(|said| said.starts_with("added fallible-iterator: 1 crates")),
        "{answer:?}"
    );
    assert_eq!(kernel.execute("before + 1").ok().result(), Some("4"));
    assert_eq!(kernel.execute("a.len()").ok().result(), Some("4"));
    let answer = kernel.execute(":dep kiln-no-such-crate = { path = \"/no/such/crate\" }");
    let (name, value) = answer.error();
    assert!(name == "CompileError" && value.contains("/no/such/crate"), "{value}");
    assert_eq!(kernel.execute("before").ok().result(), Some("3"));
}

/// evcxr's other commands work; a cell may have several, and code behind them.
#[test]
fn commands_answer() {
    let mut kernel = Kernel::start();
    kernel.execute("let listed = vec![1.5];").ok();
    let said = |answer: &super::client::Answer| {
        let displays = answer.of("display_data");
        let shown: String =
            displays.iter().filter_map(|display| display["data"]["text/plain"].as_str()).collect();
        answer.text("stdout") + &shown
    };
    for (cell, expected) in [
        (":vars", "listed: std::vec::Vec<f64>"),
        (":help", ":dep"),
        (":type listed", "Vec<f64>"),
        (":show_deps", "kiln-bundle"),
        ("!echo from the shell", "from the shell"),
        (":version\nlet code = 1;\nprintln!(\"{}\", code + 1)", "2\n"),
    ] {
        let answer = kernel.execute(cell).ok();
        assert!(said(&answer).contains(expected), "{cell}: {answer:?}");
    }
    let (_, value) = kernel.execute(":no_such_command").error();
    assert!(value.contains(":no_such_command"), "{value}");
    kernel.execute(":quit").ok();
    kernel.execute(":clear").ok();
    assert_eq!(
        kernel.execute("use kiln::prelude::*;\nlet again = Tensor::zeros([2]);\nagain.shape()").ok().result(),
        Some("[2]")
    );
    assert_eq!(kernel.execute("listed").error().0, "CompileError");
    assert!(kernel.execute("!exit 3").error().1.contains('3'));
}
