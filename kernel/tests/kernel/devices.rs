//! Devices in a notebook: the README's cell, on the host and on whatever else is here.

use super::client::Kernel;

/// The same network on each device, and a table with a row for each whose losses agree.
#[test]
fn the_cell_of_the_readme_compares_devices() {
    let readme = include_str!("../../../README.md");
    let cell = readme.split("```rust\n").find(|block| block.contains("for device in Device::available()"));
    let cell = cell.and_then(|block| block.split("```").next()).expect("the README has the cell");
    let mut kernel = Kernel::start();
    kernel
        .execute(
            "use kiln::prelude::*;
             let x = Tensor::linspace(-1.0, 1.0, 256).reshape([256, 1])?;
             let y = (&x * 3.0).sin();",
        )
        .ok();
    let answer = kernel.execute(cell).ok();
    let table = answer.result().expect("the table is the result").to_owned();
    println!("{table}");
    let loss = |line: &str| line.split_whitespace().rev().nth(1).and_then(|word| word.parse::<f64>().ok());
    let rows: Vec<(&str, f64)> =
        table.lines().filter_map(|line| Some((line.split_whitespace().next()?, loss(line)?))).collect();
    let listed = kernel.execute("Device::available().into_iter().count()").ok();
    assert_eq!(Some(rows.len().to_string().as_str()), listed.result(), "{table}");
    let (first, host) = rows[0];
    assert_eq!(first, "host", "{table}");
    assert!(rows.iter().all(|(_, loss)| (loss / host - 1.0).abs() < 2e-3), "{table}");
}
