//! Any cell can be run again, and whatever it defines can be defined anew.

use super::kernel;

/// An `impl` on a type of an earlier cell, of a trait or of the type's own, again and again.
#[test]
fn an_impl_can_be_run_again() {
    let mut kernel = kernel();
    kernel
        .execute(
            "#[derive(Debug, Clone)] struct Again { side: f64 }\ntrait Surface { fn surface(&self) -> f64; }",
        )
        .ok();
    for factor in [1, 2] {
        for cell in [
            format!("impl Surface for Again {{ fn surface(&self) -> f64 {{ {factor}.0 * self.side }} }}"),
            format!("impl Again {{\n    fn double(&self) -> f64 {{ 2.0 * self.side }}\n    fn times(&self) -> i32 {{ {factor} }}\n}}"),
            "impl std::fmt::Display for Again { fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result { write!(f, \"again\") } }".to_owned(),
            "let again = Again { side: 3.0 };".to_owned(),
        ] {
            kernel.execute(&cell).ok();
            kernel.execute(&cell).ok();
        }
        let shown = kernel
            .execute("format!(\"{again} {} {} {}\", again.surface(), again.double(), again.times())")
            .ok();
        assert_eq!(shown.result(), Some(format!("\"again {} 6 {factor}\"", 3 * factor).as_str()));
    }
    // One function defined anew in another cell; the other stays.
    kernel.execute("impl Again { fn times(&self) -> i32 { 7 } }").ok();
    assert_eq!(kernel.execute("(again.times(), again.double())").ok().result(), Some("(7, 6.0)"));
}

/// Types, functions, imports, constants and macros, each with other content; variables of an old type are lost, and the
/// message says so.
#[test]
fn definitions_can_be_replaced() {
    let mut kernel = kernel();
    kernel
        .execute(
            "struct Card { number: i32 }
             impl Card { fn show(&self) -> String { format!(\"{}\", self.number) } }
             const LIMIT: i32 = 1;
             fn limit() -> i32 { LIMIT }
             use std::collections::BTreeMap as Map;
             macro_rules! twice { ($e:expr) => { $e + $e } }
             fn four() -> i32 { twice!(2) }
             let card = Card { number: 4 };
             let map: Map<i32, i32> = Map::new();",
        )
        .ok();
    let cell = "struct Card { text: String }
             impl Card { fn show(&self) -> String { self.text.clone() } }
             const LIMIT: i64 = 2;
             fn limit() -> i64 { LIMIT }
             use std::collections::HashMap as Map;
             macro_rules! twice { ($e:expr) => { 10 * $e } }
             let card = Card { text: \"new\".to_owned() };
             let map: Map<i32, i32> = Map::new();";
    for _ in 0..2 {
        kernel.execute(cell).ok();
        let answer = kernel.execute("format!(\"{} {} {} {}\", card.show(), limit(), four(), map.len())").ok();
        assert_eq!(answer.result(), Some("\"new 2 20 0\""));
    }
}

/// A definition that no longer fits what other cells made of the old one replaces it all the same: what does not fit is
/// dropped and named, and its cell can be run again.
#[test]
fn what_no_longer_fits_is_dropped() {
    let mut kernel = kernel();
    kernel.execute("struct Fit { a: i32 }").ok();
    kernel.execute("impl Fit { fn a(&self) -> i32 { self.a } }").ok();
    kernel.execute("fn read(fit: &Fit) -> i32 { fit.a() }").ok();
    let answer = kernel.execute("struct Fit { b: i32 }\nlet fit = Fit { b: 1 };").ok();
    let notes = answer.text("stderr");
    assert!(notes.contains("`a` of `impl Fit`") && notes.contains("`read`"), "{notes}");
    let error = kernel.execute("read(&fit)");
    assert!(error.reply["traceback"].to_string().contains("run its cell again"), "{error:?}");
    kernel.execute("impl Fit { fn a(&self) -> i32 { self.b } }").ok();
    kernel.execute("fn read(fit: &Fit) -> i32 { fit.a() }").ok();
    assert_eq!(kernel.execute("read(&fit)").ok().result(), Some("1"));
}

/// What a failing cell had defined, and what it had moved, is named; what it had not touched is there.
#[test]
fn a_failing_cell_names_what_is_lost() {
    let mut kernel = kernel();
    kernel
        .execute("let stays = vec![1];\nlet goes = vec![2];\nfn take(v: Vec<i32>) -> usize { v.len() }")
        .ok();
    let answer =
        kernel.execute("let fresh = 1;\nlet typed: f64 = 2.0;\nlet n = take(goes);\nassert_eq!(n, 7);");
    let (name, value) = answer.error();
    assert_eq!(name, "panic");
    assert!(value.contains("left: 1"), "{value}");
    let traceback = answer.reply["traceback"].to_string();
    assert!(traceback.contains("not kept, since this cell failed: fresh, typed, n"), "{traceback}");
    assert!(traceback.contains("lost: goes") && traceback.contains("`&`"), "{traceback}");
    assert_eq!(kernel.execute("stays.len()").ok().result(), Some("1"));
    let traceback = kernel.execute("fresh + 1").reply["traceback"].to_string();
    assert!(traceback.contains("the cell that defined it failed"), "{traceback}");
    let answer = kernel.execute("let early = 1;\n\"x\".parse::<i32>()?;");
    assert!(answer.reply["traceback"].to_string().contains("since this cell failed: early"), "{answer:?}");
}

/// A value of a type whose fields have changed their types is never read as one of the new type.
#[test]
fn old_values_are_not_read_by_new_definitions() {
    let mut kernel = kernel();
    kernel.execute("struct Field { x: u64 }\nstruct Around { of: Vec<Field> }").ok();
    kernel.execute("let around = Around { of: vec![Field { x: 1 }] };\nlet other = 5;").ok();
    let answer = kernel.execute("struct Field { x: String }").ok();
    assert!(answer.text("stderr").contains("`around` is lost"), "{answer:?}");
    let answer = kernel.execute("around.of[0].x.len()");
    assert!(answer.reply["traceback"].to_string().contains("its type was defined anew"), "{answer:?}");
    assert_eq!(kernel.execute("other").ok().result(), Some("5"));
}
