//! The protocol's finer points: what front ends rely on beside cells and their outputs.

use super::client::{Kernel, execute_content};
use super::kernel;
use serde_json::{Value, json};

fn kinds(messages: &[(String, Value)]) -> Vec<&str> {
    messages.iter().map(|(kind, _)| kind.as_str()).collect()
}

/// Every request is enclosed by `busy` and `idle`, and the heartbeat is answered.
#[test]
fn requests_are_enclosed_by_their_status() {
    let mut kernel = kernel();
    for (kind, content) in [
        ("kernel_info_request", json!({})),
        ("execute_request", execute_content("1")),
        ("comm_info_request", json!({})),
    ] {
        let messages = kernel.watch(kind, content);
        assert_eq!(messages[0].1["execution_state"], "busy", "{kind}");
        assert_eq!(messages[messages.len() - 1].1["execution_state"], "idle", "{kind}");
    }
    assert!(kernel.beats());
    assert_eq!(kernel.ask_control("kernel_info_request", json!({}))["implementation"], "kiln");
}

/// Expressions of a front end's own are evaluated behind the cell, each with its value or its error.
#[test]
fn user_expressions_have_values_or_errors() {
    let mut kernel = kernel();
    let mut content = execute_content("let asked = 20;");
    content["user_expressions"] = json!({"twice": "asked * 2", "wrong": "asked + \"a\""});
    let reply = kernel.ask("execute_request", content);
    assert_eq!(reply["status"], "ok");
    let values = &reply["user_expressions"];
    assert_eq!(values["twice"]["status"], "ok", "{reply}");
    assert_eq!(values["twice"]["data"]["text/plain"], "40");
    assert_eq!(values["wrong"]["status"], "error");
    assert_eq!(values["wrong"]["ename"], "CompileError");
}

/// A silent cell says nothing and counts nothing; a cell that is not stored counts nothing, but speaks.
#[test]
fn silent_and_unstored_cells_do_not_count() {
    let mut kernel = kernel();
    let before = kernel.execute("\"a cell that counts\"").ok().reply["execution_count"].as_u64();
    let mut silent = execute_content("println!(\"unheard\"); let quiet = 1; quiet");
    silent["silent"] = json!(true);
    assert_eq!(kinds(&kernel.watch("execute_request", silent)), ["status", "status"]);
    let mut unstored = execute_content("println!(\"heard\"); quiet + 1");
    unstored["store_history"] = json!(false);
    let said = kernel.watch("execute_request", unstored);
    assert_eq!(kinds(&said), ["status", "execute_input", "stream", "execute_result", "status"]);
    let history =
        json!({"hist_access_type": "range", "session": 0, "start": before, "output": true, "raw": true});
    let last = kernel.ask("history_request", history);
    assert_eq!(last["history"].as_array().map(Vec::len), Some(1));
    assert_eq!(last["history"][0][2], json!(["\"a cell that counts\"", "\"a cell that counts\""]), "{last}");
    let after = kernel.execute("quiet").ok().reply["execution_count"].as_u64();
    assert_eq!(after, before.map(|count| count + 1));
}

/// Nobody listens to comms: who opens one is told so, and goes on.
#[test]
fn comms_are_refused() {
    let mut kernel = kernel();
    let open = json!({"comm_id": "c1", "target_name": "jupyter.widget", "data": {}});
    let said = kernel.watch("comm_open", open);
    assert_eq!(kinds(&said), ["status", "comm_close", "status"]);
    assert_eq!(said[1].1["comm_id"], "c1");
    kernel.watch("comm_msg", json!({"comm_id": "c1", "data": {}}));
    assert_eq!(kernel.ask("comm_info_request", json!({"target_name": "jupyter.widget"}))["comms"], json!({}));
}

/// A request with a wrong signature is not run; the log says that it was dropped.
#[test]
fn a_wrong_signature_is_dropped_and_logged() {
    let mut kernel = Kernel::start();
    kernel.execute("let mut runs = 0;").ok();
    kernel.send_forged("execute_request", execute_content("runs += 1;"));
    assert_eq!(kernel.execute("runs").ok().result(), Some("0"));
    let log = std::fs::read_to_string(&kernel.log).unwrap();
    assert!(log.contains("a message was dropped"), "{log}");
}

/// Types that show themselves are results in several formats; an empty cell is no error.
#[test]
fn results_have_several_formats() {
    let mut kernel = kernel();
    let answer = kernel.execute("use kiln::prelude::*;\nTable::new([\"a\"]).row([1.into()])").ok();
    let data = &answer.of("execute_result")[0]["data"];
    assert!(data["text/html"].as_str().is_some_and(|html| html.contains("<table")), "{data}");
    assert!(data["text/plain"].is_string());
    for empty in ["", "  \n", "// only a comment"] {
        assert_eq!(kernel.execute(empty).ok().result(), None);
    }
}

/// A panic while a variable is borrowed keeps it, and the traceback is short; an error names what caused it.
#[test]
fn errors_are_short_and_keep_what_is_borrowed() {
    let mut kernel = kernel();
    kernel.execute("struct Model { steps: i32 }\nlet mut borrowed = Model { steps: 0 };").ok();
    kernel
        .execute("fn train(model: &mut Model) { model.steps += 1; assert!(model.steps > 5, \"훈련 실패\"); }")
        .ok();
    let answer = kernel.execute("train(&mut borrowed);");
    assert_eq!(answer.error(), ("panic".to_owned(), "훈련 실패".to_owned()));
    let lines = answer.reply["traceback"].as_array().map_or(0, Vec::len);
    assert!(lines <= 4 && answer.text("stderr").is_empty(), "{answer:?}");
    assert_eq!(kernel.execute("borrowed.steps").ok().result(), Some("1"));
    kernel
        .execute(
            "struct Chain;
             impl std::fmt::Display for Chain {
                 fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
                     f.write_str(if f.alternate() { \"outer: inner\" } else { \"outer\" })
                 }
             }
             fn bad(model: &mut Model) -> Result<(), Chain> { model.steps = 9; Err(Chain) }",
        )
        .ok();
    assert_eq!(
        kernel.execute("bad(&mut borrowed)?;").error(),
        ("Chain".to_owned(), "outer: inner".to_owned())
    );
    assert_eq!(kernel.execute("borrowed.steps").ok().result(), Some("9"));
}

/// What a reader of Korean writes is in the error as it was written, with the mark below the right word.
#[test]
fn compile_errors_show_korean_text() {
    let answer = kernel().execute("let 이름 = \"값\";\nlet 합계: i32 = 이름;");
    let text = answer.reply["traceback"].to_string();
    assert!(
        text.contains("let 합계: i32 = 이름;") && text.contains("E0308") && text.contains("^^^^"),
        "{text}"
    );
}

/// Advice for what people who write notebooks run into first.
#[test]
fn common_mistakes_get_a_hint() {
    let mut kernel = kernel();
    kernel
        .execute("let owner = vec![1, 2];\nlet borrows = &owner[..1];\nlet add = |x: i32| x + 1;\nlet even = (0..4).filter(|n| n % 2 == 0);\nadd(borrows[0])")
        .ok();
    kernel.execute("fn consume(v: Vec<i32>) -> usize { v.len() }").ok();
    kernel.execute("consume(owner)").ok();
    for (cell, hint) in [
        ("borrows.len()", "it borrows from another variable"),
        ("add(1)", "its type has no name"),
        ("even.count()", "its type has no name"),
        ("owner.len()", "an earlier cell moved it"),
        ("let twice = vec![1]; consume(twice); twice.len()", ".clone()"),
        ("let fixed = 1; fixed = 2;", "mut"),
        ("use no_such_crate::Thing;", ":dep"),
    ] {
        let answer = kernel.execute(cell);
        answer.error();
        assert!(answer.reply["traceback"].to_string().contains(hint), "{cell}: {answer:?}");
    }
}

/// Methods of a standard type, of a variable, of an expression and of one that the same cell defines, beside the toolkit's.
#[test]
fn methods_are_completed() {
    let mut kernel = kernel();
    kernel.execute("use kiln::prelude::*;\nlet numbers = vec![1.5];\nlet tensor = Tensor::zeros([2]);").ok();
    for (code, expected) in [
        ("numbers.pu", "push"),
        ("let k = numbers.iter().ma", "map"),
        ("let 글 = \"a b\";\n글.split_w", "split_whitespace"),
        ("tensor.sha", "shape"),
    ] {
        let position = code.chars().count();
        let completed = kernel.ask("complete_request", json!({"code": code, "cursor_pos": position}));
        let matches = completed["matches"].to_string();
        assert!(matches.contains(&format!("\"{expected}")), "{code}: {completed}");
        assert_eq!(completed["cursor_end"], position, "{code}");
        let name = code.rsplit('.').next().map_or(0, |name| name.chars().count());
        assert_eq!(completed["cursor_start"], position - name, "{code}");
    }
}
