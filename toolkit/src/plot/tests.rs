//! What must hold of every figure: nothing blank, nothing outside, the same bytes again.
//!
//! Snapshots lie in `snapshots/`; `KILN_BLESS=1 cargo test -p kiln plot` writes them anew: look at the pictures then.

use std::path::PathBuf;

use super::*;
use crate::{Error, Result};

fn rng(n: usize) -> Vec<f64> {
    let mut state = 12_345_u64;
    (0..n)
        .map(|_| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 11) as f64 / (1_u64 << 53) as f64
        })
        .collect()
}

fn training(epochs: usize) -> Figure {
    let epochs: Vec<usize> = (1..=epochs).collect();
    let curve = |a: f64, b: f64| epochs.iter().map(|&e| a + b / e as f64).collect::<Vec<f64>>();
    plot_history(
        &epochs,
        &[("loss", curve(0.2, 0.6)), ("val_loss", curve(0.3, 0.5)), ("accuracy", curve(0.9, -0.2))],
    )
}

fn plot_history(epochs: &[usize], series: &[(&str, Vec<f64>)]) -> Figure {
    let series: Vec<(String, Vec<f64>)> = series.iter().map(|(n, v)| ((*n).to_string(), v.clone())).collect();
    history_series(epochs, &series)
}

struct Bowl;

impl Landscape for Bowl {
    fn name(&self) -> String {
        "이차 함수 (bowl)".into()
    }

    fn domain(&self) -> ((f64, f64), (f64, f64)) {
        ((-2.0, 2.0), (-2.0, 2.0))
    }

    fn value(&self, x: f64, y: f64) -> f64 {
        x * x + 4.0 * y * y
    }

    fn minima(&self) -> Vec<(f64, f64)> {
        vec![(0.0, 0.0)]
    }
}

/// One figure of each family, with the name of its snapshot.
fn gallery() -> Vec<(&'static str, Figure)> {
    let x = linspace(-4.0, 4.0, 41);
    let map = |f: fn(f64) -> f64| x.iter().map(|&x| f(x)).collect::<Vec<f64>>();
    let layers: Vec<(String, Vec<f64>)> = (1..=3)
        .map(|k| (format!("layer {k}"), rng(200).iter().map(|v| (v - 0.5) / f64::from(k)).collect()))
        .collect();
    let names = ["dense", "dense_1", "dense_2"];
    let path = Path::new("SGD", (0..20).map(|i| (1.5 * 0.9_f64.powi(i), 1.5 * (-0.6_f64).powi(i))).collect());
    let images = ImageData::split(4, 4, (0..64).map(|i| f64::from(i) / 63.0).collect::<Vec<f64>>());
    vec![
        ("history", training(12)),
        (
            "schedule",
            schedule(
                "epoch",
                &[("exponential", (0..40).map(|e| 0.01 * 0.9_f64.powi(e)).collect::<Vec<_>>())],
            ),
        ),
        ("activations", activations(&x, &[("tanh", map(f64::tanh), map(|x| 1.0 - x.tanh().powi(2)))])),
        ("layer_histograms", layer_histograms(&layers, 12)),
        (
            "gradient_flow",
            gradient_flow(&names, &[("sigmoid", vec![1e-6, 1e-4, 1e-2]), ("relu", vec![0.01, 0.02, 0.03])]),
        ),
        ("weights_by_layer", weights_by_layer(&layers)),
        ("sparsity", sparsity(&names[..2], &[("L1", vec![vec![0.0, 1.0], vec![0.0, 0.0]])], 1e-3)),
        ("confusion_matrix", confusion_matrix(&[5, 1, 0, 2, 7, 0, 0, 1, 9], &["가방", "부츠", "셔츠"])),
        ("images", images_with_predictions(&images, &[0, 1, 1, 0], &[0, 1, 0, 0], &["bag", "boot"])),
        ("fan", fan(&x, &map(f64::sin), &map(|x| 0.1 * x), &[map(|x| 0.2 * x), map(|x| 0.05 * x - 0.3)])),
        (
            "decomposition",
            decomposition("degree", &[1.0, 3.0, 9.0], &[4.0, 0.5, 0.1], &[0.1, 0.3, 20.0], &[0.25; 3]),
        ),
        (
            "target",
            target(&[
                ("low bias", vec![(0.1, 0.0), (-0.1, 0.2)]),
                ("high bias", vec![(1.0, 0.9), (0.8, 1.1)]),
            ]),
        ),
        ("descent", descent(&Bowl, std::slice::from_ref(&path))),
        ("descent_animated", descent_animated(&Bowl, std::slice::from_ref(&path))),
        ("surface", surface_with_paths(&Bowl, &[path])),
        (
            "traces",
            Figure::new()
                .title("막대, 점, 상자, 열지도")
                .panel(Panel::new().title("정확도").bars("", ["SGD", "Adam"], [0.8, 0.9]))
                .panel(Panel::new().scatter("a", 0..9, rng(9)).scatter("b", 0..9, rng(18)[9..].to_vec()))
                .panel(Panel::new().add(Boxes::new(&[rng(30), rng(60)[30..].to_vec()])))
                .panel(Panel::new().add(Heatmap::new(4, 4, rng(16)).color_bar("|r|"))),
        ),
        ("descent_on_line", descent_on_line(|x| x * x, (-1.0, 1.0), &[("SGD", vec![0.9, 0.5, 0.2])])),
    ]
}

fn snapshot(name: &str, content: &str) {
    let path = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/src/plot/snapshots")).join(name);
    if std::env::var_os("KILN_BLESS").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, content).unwrap();
    }
    let expected = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(expected == content, "{name} has changed: set KILN_BLESS=1 to write it anew, and look at it");
}

/// Every family keeps its bytes, in both renderers and both themes, under a Korean title: a few small ones as files, the
/// others as digests of SVG and JSON, light then dark.
#[test]
fn snapshots_are_unchanged() {
    let mut digests = String::new();
    for (name, figure) in gallery() {
        digests.push_str(name);
        for theme in [Theme::light(), Theme::dark()] {
            let titled = figure.clone().theme(theme).title(format!("그림: {name}"));
            let (svg, json) = (titled.to_svg(), titled.to_plotly_json().to_string());
            assert!(json.contains("그림: "), "{name}");
            digests.push_str(&format!(" {:016x} {:016x}", digest(&svg), digest(&json)));
        }
        digests.push('\n');
        if ["history", "confusion_matrix", "gradient_flow"].contains(&name) {
            snapshot(&format!("{name}.svg"), &figure.to_svg());
            snapshot(&format!("{name}.json"), &format!("{:#}\n", figure.to_plotly_json()));
        }
    }
    snapshot("digests.txt", &digests);
}

/// FNV-1a.
fn digest(text: &str) -> u64 {
    text.bytes()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

/// Every family can be drawn, in both themes, twice with the same bytes, and is small enough for a notebook.
#[test]
fn families_are_sound_small_and_reproducible() {
    for (name, figure) in gallery() {
        for theme in [Theme::light(), Theme::dark()] {
            let figure = figure.clone().theme(theme);
            figure.check().unwrap_or_else(|e| panic!("{name}: {e}"));
            let (svg, json) = (figure.to_svg(), figure.to_plotly_json().to_string());
            assert_eq!(svg, figure.to_svg(), "{name}");
            assert_eq!(json, figure.to_plotly_json().to_string(), "{name}");
            assert!(svg.len() + json.len() < 200_000, "{name}: {} + {} bytes", svg.len(), json.len());
            lint(name, &svg);
        }
    }
    let history = training(60);
    assert!(history.to_svg().len() + history.to_plotly_json().to_string().len() < 100_000);
    let sizes: Vec<usize> =
        gallery().iter().map(|(_, f)| f.to_svg().len() + f.to_plotly_json().to_string().len()).collect();
    let mean = sizes.iter().sum::<usize>() / sizes.len();
    assert!(mean < 100_000, "{mean} bytes on average");
}

/// Presentation attributes only, nothing from outside, ids that are there, numbers that are numbers.
fn lint(name: &str, svg: &str) {
    let own: String =
        svg.split("data:image/png").map(|s| s.split_once('"').map_or(s, |(_, rest)| rest)).collect();
    for forbidden in
        ["<style", "style=", "class=", "<script", "<foreignObject", "NaN", "inf", "onload", "<text"]
    {
        assert!(!own.contains(forbidden), "{name}: {forbidden}");
    }
    for piece in svg.split("href=\"").skip(1) {
        let target = piece.split('"').next().unwrap();
        if let Some(id) = target.strip_prefix('#') {
            assert!(svg.contains(&format!("id=\"{id}\"")), "{name}: {id}");
        } else {
            assert!(target.starts_with("data:image/png;base64,"), "{name}: {target}");
        }
    }
    let urls: Vec<&str> = svg.match_indices("http").map(|(i, _)| &svg[i..i + 22]).collect();
    assert!(urls.iter().all(|u| u.starts_with("http://www.w3.org/")), "{name}: {urls:?}");
    assert_eq!(svg.matches("<g").count(), svg.matches("</g>").count(), "{name}");
}

#[test]
fn what_is_wrong_is_named_and_shown() {
    let message = |figure: Figure| {
        let error = figure.check().unwrap_err().to_string();
        let first = error.lines().next().unwrap().to_string();
        assert!(figure.alt_text().contains(&first), "{first}");
        assert!(figure.to_svg().contains("not drawn"), "{first}");
        assert!(figure.to_plotly_json().to_string().contains("not drawn"), "{first}");
        first
    };
    assert_eq!(message(Figure::new()), "the figure has nothing to draw");
    assert_eq!(message(line(0..3, [1.0, 2.0])), "line: x has 3 values, but y has 2");
    assert_eq!(message(line(0..0, Vec::<f64>::new())), "line: the series is empty");
    assert_eq!(message(line(0..2, [f64::NAN, f64::INFINITY])), "line: none of its 2 points is finite");
    assert_eq!(message(line(0..2, [-1.0, 0.0]).log_y()), "the panel: no value has a place on its axes");
    assert_eq!(message(Figure::new().panel(Panel::new().title("loss"))), "panel `loss` has nothing to draw");
    let lone = Band::new("a", 0..3, [1.0, f64::NAN, 1.0], [2.0; 3]);
    assert_eq!(message(Figure::new().add(lone)), "band `a`: no two neighbouring points are finite");
    assert_eq!(message(histogram([1.0], 0)), "bars: a histogram needs at least one bin");
    assert_eq!(message(line(0..2, 0..2).y_range(1.0, f64::NAN)), "y_range: 1 to NaN is no range");
    assert_eq!(message(line(0..2, 0..2).size(0, 0)), "size: 0 x 0 pixels");
    assert_eq!(message(plot_history(&[], &[])), "the history is empty: no epoch was finished");
    assert_eq!(message(images::<&str>(&[], &[])), "images: there is none to draw");
    assert_eq!(message(image(2, 2, [0.0])), "image 0: 2 x 2 x 1 needs 4 values, but got 1");
    assert_eq!(
        message(confusion_matrix(&[1, 2], &["a", "b"])),
        "confusion matrix: 2 classes need 4 counts, but got 2"
    );
    assert_eq!(message(Figure::animation(Panel::new(), "step", Vec::new())), "the animation has no frame");
    let grid = Contours::new([0.0, 1.0], [0.0, 1.0], [1.0]);
    assert_eq!(
        message(Figure::new().add(grid)),
        "contours: 2 x 2 places (at least 2 x 2) need as many heights, but got 1"
    );
}

/// NaN, infinities, one point, a million: each family of traces draws what is there, and says what is not.
#[test]
fn no_trace_is_blank_in_silence() {
    let odd = [1.0, f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 2.0];
    let some = [1.0, 2.0, f64::NAN, f64::INFINITY, 3.0];
    let grid: Vec<f64> = (0..25).map(|i| if i == 7 { f64::NAN } else { f64::from(i) }).collect();
    let place = [0.0, 1.0, 2.0, 3.0, 4.0];
    let drawn = [
        ("line", Figure::new().line("a", 0..5, odd)),
        ("scatter", Figure::new().scatter("a", 0..5, odd)),
        ("band", Figure::new().add(Band::new("a", 0..5, some, some.map(|v| v + 1.0)))),
        ("bars", Figure::new().bars("a", ["v", "w", "x", "y", "z"], odd)),
        ("histogram", Figure::new().histogram("a", odd, 4)),
        ("boxes", Figure::new().add(Boxes::new(&[odd.to_vec()]))),
        ("heat map", Figure::new().add(Heatmap::new(5, 5, &grid))),
        ("contours", Figure::new().add(Contours::new(place, place, &grid))),
        ("images", image(1, 5, odd)),
        ("one point", Figure::new().line("a", [1.0], [1.0])),
        ("one bar", Figure::new().bars("a", ["v"], [1.0])),
        ("one value", Figure::new().histogram("a", [1.0], 10)),
        ("one box", Figure::new().add(Boxes::new(&[vec![1.0]]))),
        ("flat heat map", Figure::new().add(Heatmap::new(5, 5, vec![3.0; 25]))),
        ("flat contours", Figure::new().add(Contours::new(place, place, vec![3.0; 25]))),
    ];
    for (name, figure) in drawn {
        lint(name, &figure.to_svg());
        assert!(figure.check().is_ok(), "{name}: {:?}", figure.check());
    }
    let million = rng(1_000_000);
    for (name, figure) in [
        ("histogram", Figure::new().histogram("a", &million, 50)),
        ("scatter", Figure::new().scatter("a", &million, &million)),
        ("boxes", Figure::new().add(Boxes::new(std::slice::from_ref(&million)))),
    ] {
        let size = figure.to_svg().len() + figure.to_plotly_json().to_string().len();
        assert!(size < 300_000, "{name}: {size} bytes for a million values");
    }
}

#[test]
fn odd_data_is_drawn_and_explained() {
    let foot =
        |figure: &Figure| figure.panels.iter().flat_map(Panel::all_footnotes).collect::<Vec<_>>().join(" ");
    let gaps = line(0..4, [1.0, f64::NAN, 0.5, f64::INFINITY]);
    assert!(gaps.check().is_ok() && foot(&gaps).contains("2 of 4 values not finite"));
    let zeros = line(0..3, [1.0, 0.0, 0.5]).log_y();
    assert!(zeros.check().is_ok() && foot(&zeros).contains("1 of 3 values at or below 0"));
    let million = line(0..1_000_000, rng(1_000_000));
    assert!(foot(&million).contains("of 1,000,000 points are drawn"));
    assert!(million.to_svg().len() + million.to_plotly_json().to_string().len() < 200_000);
    let points = scatter(rng(20_000), rng(20_000));
    assert!(foot(&points).contains("5000 of 20,000 points"));
    let many = fan(&[0.0, 1.0], &[0.0, 1.0], &[0.0, 1.0], &vec![vec![0.0, 0.9]; 250]);
    assert!(foot(&many).contains("100 of 250 models"), "{}", foot(&many));
    for y in [vec![5.0], vec![3.0, 3.0], vec![1e-300, 2e-300], vec![1e300, -1e300], vec![0.0, 1e-12]] {
        let figure = line(0..y.len(), &y);
        assert!(figure.check().is_ok(), "{y:?}");
        lint(&format!("{y:?}"), &figure.to_svg());
    }
    let long = "a very long name that does not fit anywhere ".repeat(8);
    let figure = Figure::new().title(&long).x_label(&long).y_label(&long).line(&long, 0..3, 0..3).line(
        "b",
        0..3,
        0..3,
    );
    lint("long", &figure.to_svg());
}

/// Every primitive of every family lies inside the picture, texts included.
#[test]
fn nothing_sticks_out_of_the_picture() {
    for (name, figure) in gallery() {
        let theme = figure.resolved_theme();
        let scene = draw::scene(&figure, &layout::arrange(&figure, &theme), &theme);
        for item in &scene.items {
            if let scene::Primitive::Text(text) = item
                && text.angle == 0.0
            {
                let width = font::width(&text.text, text.size);
                let left = match text.anchor {
                    scene::Anchor::Start => text.x,
                    scene::Anchor::Middle => text.x - width / 2.0,
                    scene::Anchor::End => text.x - width,
                };
                assert!(left >= -0.5 && left + width <= scene.width + 0.5, "{name}: `{}`", text.text);
                assert!(text.y >= text.size * 0.6 && text.y <= scene.height, "{name}: `{}`", text.text);
            }
        }
    }
}

#[test]
fn saving_names_the_path_and_the_endings() -> Result<()> {
    let dir = std::env::temp_dir().join(format!("kiln-plot-{}", std::process::id()));
    std::fs::create_dir_all(&dir).unwrap();
    let figure = training(3).title("손실 </script><b>");
    for ending in ["svg", "html", "json", "pdf"] {
        figure.save(dir.join(format!("figure.{ending}")))?;
    }
    let page = std::fs::read_to_string(dir.join("figure.html")).unwrap();
    assert_eq!(page.matches("</script>").count(), 1);
    assert!(page.contains("손실") && !page.contains("https://"));
    let unknown = figure.save(dir.join("figure.bmp")).unwrap_err().to_string();
    assert!(
        unknown.contains("figure.bmp") && unknown.contains(".svg, .png, .pdf, .html, .json"),
        "{unknown}"
    );
    let missing = figure.save(dir.join("no/such/place.svg")).unwrap_err().to_string();
    assert!(missing.contains("no/such/place.svg"), "{missing}");
    let broken = line(0..3, [1.0]).save(dir.join("broken.svg")).unwrap_err().to_string();
    assert!(broken.contains("x has 3 values"), "{broken}");
    assert_eq!(std::fs::read_dir(&dir).unwrap().count(), 4, "no half-written file stays");
    std::fs::remove_dir_all(&dir).unwrap();
    Ok(())
}

/// An SVG that is read back is drawn as the figure it came from.
#[test]
fn svg_is_read_back() -> Result<()> {
    for (name, figure) in gallery() {
        let svg = figure.to_svg();
        let scene = read_svg::read(&svg).map_err(|e| Error::from(e).in_context(name))?;
        let theme = figure.resolved_theme();
        let original = draw::scene(&figure, &layout::arrange(&figure, &theme), &theme);
        assert_eq!(scene.items.len(), original.items.len(), "{name}");
        for pair in scene.items.iter().zip(&original.items) {
            let same = match pair {
                (
                    scene::Primitive::Path { path: a, fill: c, .. },
                    scene::Primitive::Path { path: b, fill: d, .. },
                ) => {
                    a.to_svg(10.0).len().abs_diff(b.to_svg(10.0).len()) <= 1 + a.0.len() / 20
                        && c.map(|c| (c.color, c.united)) == d.map(|d| (d.color, d.united))
                }
                (scene::Primitive::Text(a), scene::Primitive::Text(b)) => {
                    let width = font::width(&b.text, b.size);
                    let shift = match b.anchor {
                        scene::Anchor::Start => 0.0,
                        scene::Anchor::Middle => width / 2.0,
                        scene::Anchor::End => width,
                    };
                    let (sin, cos) = b.angle.to_radians().sin_cos();
                    let (x, y) = (b.x - shift * cos, b.y - shift * sin);
                    a.text == b.text && (a.size - b.size).abs() < 0.02 && (a.x - x).hypot(a.y - y) < 0.1
                }
                (scene::Primitive::Image { raster: a, .. }, scene::Primitive::Image { raster: b, .. }) => {
                    a == b
                }
                (a, b) => std::mem::discriminant(a) == std::mem::discriminant(b),
            };
            assert!(same, "{name}: {pair:?}");
        }
    }
    let foreign =
        read_svg::read("<svg width=\"3\" height=\"3\"><circle r=\"1\"/></svg>").unwrap_err().to_string();
    assert!(foreign.contains("`circle`"), "{foreign}");
    Ok(())
}

/// The same figure gives the same PDF, with one page, and a letter for each glyph.
#[test]
fn pdf_is_reproducible() {
    let figure = training(5).title("학습 곡선");
    let pdf = figure.to_pdf();
    assert_eq!(pdf, figure.to_pdf());
    assert!(pdf.starts_with(b"%PDF-1.7") && pdf.ends_with(b"%%EOF\n") && pdf.len() < 60_000);
}

/// A figure of the size for slides is a PNG in 0.2 s (the example `gallery` prints the times). The bound leaves room for a
/// build without optimization and for other tests.
#[cfg(feature = "render")]
#[test]
fn a_png_is_quick() -> Result<()> {
    let figure = training(60);
    let mut fastest = f64::INFINITY;
    for _ in 0..10 {
        let started = std::time::Instant::now();
        figure.to_png(2.0)?;
        fastest = fastest.min(started.elapsed().as_secs_f64());
        if fastest < 1.5 {
            return Ok(());
        }
    }
    panic!("{fastest} s");
}

#[cfg(feature = "render")]
#[test]
fn png_has_the_size_that_was_asked_for() -> Result<()> {
    let figure = training(5).size(400, 300);
    let png = figure.to_png(1.5)?;
    assert_eq!(&png[16..24], [0, 0, 2, 88, 0, 0, 1, 194]);
    assert!(figure.to_png(1e6).unwrap_err().to_string().contains("scale 1000000"));
    Ok(())
}

#[test]
fn the_bundle_has_what_front_ends_need_and_nothing_before_it() {
    let bundle = training(3).mime_bundle();
    let kinds: Vec<&str> = bundle.iter().map(|(mime, _)| mime).collect();
    assert_eq!(kinds, ["application/vnd.plotly.v1+json", "image/svg+xml", "text/plain"]);
}
