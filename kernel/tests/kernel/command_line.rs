//! The command `kiln` as a person calls it: `lab` and `datasets`, where they end early.

use std::path::PathBuf;
use std::process::{Command, Output};

fn kiln(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kiln"));
    command.args(arguments);
    for variable in ["KILN_DATA", "KILN_HOME", "KILN_PYTHON", "FASHION_MNIST_DIR", "KILN_FASHION_MNIST_URL"] {
        command.env_remove(variable);
    }
    command
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn folder(name: &str) -> PathBuf {
    std::env::temp_dir().join(format!("kiln-command-line-{name}-{}", std::process::id()))
}

#[test]
fn the_list_says_where_a_program_would_look() {
    let output = kiln(&["datasets", "list"]).env("FASHION_MNIST_DIR", "/my/folder").output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success() && text.contains("found: /my/folder"), "{text}");

    let output = kiln(&["datasets", "list"]).env("KILN_DATA", "all").output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(said(&output).contains("unknown value `all`"), "{}", said(&output));
}

/// The last line but the help is the reason: a notebook shows it.
#[test]
fn a_download_that_fails_says_why_and_leaves_nothing() {
    let cache = folder("cache");
    let output = kiln(&["datasets", "fetch", "fashion_mnist", "--url", "http://127.0.0.1:9", "--to"])
        .arg(&cache)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    let lines: Vec<String> = said(&output).lines().map(str::to_owned).collect();
    assert!(lines[lines.len() - 2].starts_with("error: http://127.0.0.1:9/train-images"), "{lines:?}");
    assert!(lines[lines.len() - 1].starts_with("help: "), "{lines:?}");
    assert_eq!(std::fs::read_dir(&cache).unwrap().count(), 0);
    std::fs::remove_dir_all(cache).ok();
}

#[test]
fn an_unknown_data_set_lists_the_known_ones() {
    let output = kiln(&["datasets", "fetch", "mnist"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(said(&output).contains("fashion_mnist"), "{}", said(&output));
}

/// Neither a missing notebook nor a missing Python costs minutes of building first.
#[test]
fn what_is_missing_is_said_before_anything_is_built() {
    let home = folder("home");
    let output = kiln(&["lab", "--headless", "no/such.ipynb"]).env("KILN_HOME", &home).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(said(&output), "error: no/such.ipynb: there is no such notebook\n");
    assert!(!home.exists());

    let output = kiln(&["lab"]).env("KILN_HOME", &home).env("KILN_PYTHON", "/no/python").output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(said(&output).starts_with("error: no Python was found: `/no/python`"), "{}", said(&output));
    assert!(said(&output).contains("\nhelp: "), "{}", said(&output));
    std::fs::remove_dir_all(home).ok();
}

const QUICKSTART: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../notebooks/00-quickstart.ipynb");

#[test]
fn all_figures_of_a_notebook_are_exported() {
    let out = folder("figures");
    let output = kiln(&["export", QUICKSTART, "--to", "svg,png,pdf,html,json", "--scale", "1", "--out"])
        .arg(&out)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", said(&output));
    let listed = String::from_utf8(output.stdout).unwrap();
    assert_eq!(listed.lines().count(), 20, "four figures in five formats: {listed}");
    let images = out.join("00-quickstart-02-nine-training-images-훈련-이미지");
    let read = |ending: &str| std::fs::read(images.with_extension(ending)).unwrap();
    assert!(read("svg").starts_with(b"<svg") && read("pdf").starts_with(b"%PDF"));
    assert_eq!(&read("png")[16..20], 486_u32.to_be_bytes(), "the width at scale 1");
    assert!(serde_json::from_slice::<serde_json::Value>(&read("json")).unwrap()["data"].is_array());
    assert!(String::from_utf8(read("html")).unwrap().contains("훈련 이미지"));
    std::fs::remove_dir_all(out).ok();

    let output = kiln(&["export", QUICKSTART, "--to", "gif"]).output().unwrap();
    assert!(said(&output).contains("unknown format `gif`"), "{}", said(&output));
    let output = kiln(&["export", QUICKSTART, "--browser"]).env("PATH", "/nowhere").output().unwrap();
    assert!(said(&output).contains("apt install chromium"), "{}", said(&output));
}

/// What a notebook's `figure.save("x.png")` asks for.
#[test]
fn an_svg_from_standard_input_is_painted() {
    use std::io::Write as _;
    let paint = |svg: &[u8]| {
        let mut child = kiln(&["render-svg", "--to", "png", "--scale", "2"])
            .env("EVCXR_IS_RUNTIME", "1") // As a cell's process has it.
            .stdin(std::process::Stdio::piped())
            .stdout(std::process::Stdio::piped())
            .stderr(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(svg).unwrap();
        child.wait_with_output().unwrap()
    };
    let svg = br##"<svg xmlns="x" width="30" height="20"><path d="m1 1l8 8" fill="none" stroke="#000000" stroke-width="1"/></svg>"##;
    let output = paint(svg);
    assert!(output.status.success(), "{}", said(&output));
    assert_eq!(&output.stdout[..4], b"\x89PNG");
    assert_eq!(&output.stdout[16..24], [0, 0, 0, 60, 0, 0, 0, 40]);
    let output = paint(b"<svg width=\"3\" height=\"3\"><circle r=\"1\"/></svg>");
    assert!(
        !output.status.success() && said(&output).contains("not one of Kiln's figures"),
        "{}",
        said(&output)
    );
}

/// A deck and a site ask nothing of the network.
#[test]
fn slides_and_pages_are_whole() {
    let out = folder("pages");
    std::fs::create_dir_all(&out).unwrap();
    let script = out.join("plotly.min.js");
    std::fs::write(&script, "const Plotly = {};").unwrap();
    let deck = out.join("deck.html");
    let output = kiln(&["slides", QUICKSTART, "--live", "--out"])
        .arg(&deck)
        .env("KILN_PLOTLY_JS", &script)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", said(&output));
    let html = std::fs::read_to_string(&deck).unwrap();
    assert_eq!(html.matches("const Plotly = {};").count(), 1, "the script is embedded once");
    assert_eq!(html.matches("data-figure=").count(), 4);
    for outside in ["src=\"http", "href=\"http", "url(http", "@import"] {
        assert!(!html.contains(outside), "{outside}");
    }
    let output = kiln(&["site", QUICKSTART, "--title", "딥러닝", "--out"])
        .arg(out.join("site"))
        .env("KILN_PLOTLY_JS", &script)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", said(&output));
    let index = std::fs::read_to_string(out.join("site/index.html")).unwrap();
    assert!(index.contains("딥러닝") && index.contains("00-quickstart.html"), "{index}");
    std::fs::remove_dir_all(out).ok();

    let output = kiln(&["slides", "no/such.ipynb"]).output().unwrap();
    assert!(said(&output).contains("cannot read no/such.ipynb"), "{}", said(&output));
    let output = kiln(&["slides", QUICKSTART, "--theme", "blue"]).output().unwrap();
    assert!(said(&output).contains("light, dark, auto"), "{}", said(&output));
}
