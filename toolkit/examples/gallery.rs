//! Writes the gallery: one figure of each family, in the light and in the dark theme.
//!
//! ```sh
//! KILN_DATA=embedded cargo run -p kiln --features render --example gallery -- docs/gallery [DIRECTORY FOR PNG AND JSON]
//! ```
//! The first directory gets the SVGs and the page `README.md`, the second PNG, PDF and plotly's JSON, for
//! `tests/figures/check.py`, which draws the JSON with plotly beside them.

use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;
use std::time::Instant;

use kiln::Error;
use kiln::bias_variance::{Classification, Simulation};
use kiln::plot::{self, Figure, Theme};
use kiln::prelude::*;

/// A section of the page: a file's name, what the figure is, the lines that make it, and the figure.
struct Piece {
    file: &'static str,
    about: &'static str,
    code: &'static str,
    figure: Figure,
}

/// Keeps a figure with the code that made it: what the page shows is what was run.
macro_rules! piece {
    ($pieces:ident, $file:literal, $about:literal, $figure:expr) => {
        $pieces.push(Piece { file: $file, about: $about, code: stringify!($figure), figure: $figure })
    };
}

fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1).map(PathBuf::from);
    let docs = arguments.next().unwrap_or_else(|| "docs/gallery".into());
    let extra = arguments.next();
    let failed = |e: std::io::Error| Error::new(kiln::ErrorKind::File, e.to_string());
    for folder in [Some(&docs), extra.as_ref()].into_iter().flatten() {
        fs::create_dir_all(folder).map_err(failed)?;
    }
    let mut page = String::from(
        "# Gallery\n\nEvery family of figures, drawn without a browser; on GitHub each picture follows the reader's theme. In a\n\
         notebook the same figures are interactive. `toolkit/examples/gallery.rs` makes this page.\n",
    );
    let (mut slowest, mut bytes, mut figures) = ((0.0, ""), 0, 0);
    for piece in pieces()? {
        piece.figure.check()?;
        let started = Instant::now();
        piece.figure.to_png(2.0)?;
        let seconds = started.elapsed().as_secs_f64();
        if seconds > slowest.0 {
            slowest = (seconds, piece.file);
        }
        bytes += piece.figure.to_svg().len() + piece.figure.to_plotly_json().to_string().len();
        figures += 1;
        for (name, theme) in [("light", Theme::light()), ("dark", Theme::dark())] {
            let figure = piece.figure.clone().theme(theme);
            let stem = format!("{}-{name}", piece.file);
            fs::write(docs.join(format!("{stem}.svg")), figure.to_svg()).map_err(failed)?;
            if let Some(extra) = &extra {
                figure.save(extra.join(format!("{stem}.json")))?;
                figure.save(extra.join(format!("{stem}.pdf")))?;
                figure.save_png(extra.join(format!("{stem}.png")), 1.0)?;
            }
        }
        let _ = write!(
            page,
            "\n## {}\n\n<picture>\n  <source media=\"(prefers-color-scheme: dark)\" srcset=\"{file}-dark.svg\">\n  \
             <img alt=\"{alt}\" src=\"{file}-light.svg\">\n</picture>\n",
            piece.about,
            file = piece.file,
            alt = piece.figure.alt_text().replace('"', "'").replace('\n', " "),
        );
        let code = piece.code.split_whitespace().collect::<Vec<_>>().join(" ");
        if code.len() < 400 {
            let _ = write!(page, "\n```rust\n{}\n```\n", code.replace(" . ", "."));
        }
    }
    println!("{figures} figures; SVG and JSON together {} KB on average", bytes / figures / 1000);
    println!("the slowest PNG at scale 2: {:.3} s ({})", slowest.0, slowest.1);
    fs::write(docs.join("README.md"), page).map_err(failed)
}

fn pieces() -> Result<Vec<Piece>> {
    let mut pieces = Vec::new();
    basic(&mut pieces);
    training(&mut pieces)?;
    probes(&mut pieces)?;
    descents(&mut pieces)?;
    simulations(&mut pieces)?;
    Ok(pieces)
}

fn basic(pieces: &mut Vec<Piece>) {
    let x = plot::linspace(-4.0, 4.0, 161);
    let of = |f: fn(f64) -> f64| x.iter().map(|&x| f(x)).collect::<Vec<f64>>();
    let sigmoid = |x: f64| 1.0 / (1.0 + (-x).exp());
    let elu = |x: f64| if x > 0.0 { x } else { x.exp() - 1.0 };
    let curves = [
        (
            "sigmoid",
            of(|x| 1.0 / (1.0 + (-x).exp())),
            x.iter().map(|&x| sigmoid(x) * (1.0 - sigmoid(x))).collect(),
        ),
        ("tanh", of(f64::tanh), of(|x| 1.0 - x.tanh().powi(2))),
        ("relu", of(|x| x.max(0.0)), of(|x| f64::from(x > 0.0))),
        ("elu", x.iter().map(|&x| elu(x)).collect(), of(|x| if x > 0.0 { 1.0 } else { x.exp() })),
    ];
    piece!(
        pieces,
        "activations",
        "Activations and their derivatives",
        plot::activations(&x, &curves).title("활성화 함수와 도함수")
    );
    let gauss = |s: f64| x.iter().map(|x| (-0.5 * (x / s).powi(2)).exp() / s / 2.507).collect::<Vec<f64>>();
    let (low, high): (Vec<f64>, Vec<f64>) = gauss(1.0).iter().map(|y| (y * 0.8, y * 1.2)).unzip();
    piece!(
        pieces,
        "lines",
        "Lines, a band, an arrow",
        Figure::new()
            .title("정규 분포 N(0, σ²)")
            .x_label("x")
            .y_label("density")
            .add(plot::Band::new("± 20 %", &x, &low, &high).color(0))
            .line("σ = 1", &x, gauss(1.0))
            .line("σ = 2", &x, gauss(2.0))
            .note(plot::Note::new("평균 (mean)", 2.3, 0.34).arrow_to(0.0, 0.4))
    );
    let epochs = || 0..60;
    let schedules: [(&str, Vec<f64>); 3] = [
        ("constant", vec![0.01; 60]),
        ("exponential", epochs().map(|e| 0.01 * 0.1_f64.powf(f64::from(e) / 20.0)).collect()),
        ("step", epochs().map(|e| 0.01 * 0.5_f64.powi(e / 15)).collect()),
    ];
    piece!(
        pieces,
        "schedules",
        "Schedules of the learning rate",
        plot::schedule("epoch", &schedules).title("학습률 스케줄 η(t)")
    );
}

fn training(pieces: &mut Vec<Piece>) -> Result<()> {
    kiln::set_seed(42);
    let data = datasets::fashion_mnist::load()?;
    let names = data.class_names();
    let mut model = Sequential::new()
        .add(Flatten::new().input_shape([28, 28]))
        .add(Dense::new(100).activation("elu").kernel_initializer("he_normal"))
        .add(Dense::new(50).activation("elu").kernel_initializer("he_normal"))
        .add(Dense::new(10).activation("softmax"));
    model.compile(
        SGD::new(0.02).momentum(0.9).nesterov(true),
        "sparse_categorical_crossentropy",
        ["accuracy"],
    )?;
    let history =
        model.fit(&data.train_x(), &data.train_y()).epochs(20).validation_split(0.1).verbose(0).run()?;
    piece!(pieces, "history", "Training", plot::history(&history).title("학습 곡선 (learning curves)"));

    let some = data.test_x().rows(..400)?;
    let truth: Vec<usize> = data.test_y().to_labels().iter().take(400).map(|&y| y as usize).collect();
    let predicted: Vec<usize> =
        model.predict(&some)?.argmax(-1)?.to_labels().iter().map(|&y| y as usize).collect();
    let mut counts = vec![0; 100];
    for (t, p) in truth.iter().zip(&predicted) {
        counts[t * 10 + p] += 1;
    }
    piece!(
        pieces,
        "confusion",
        "Confusion matrix",
        plot::confusion_matrix(&counts, &names).title("혼동 행렬")
    );
    let pixels = data.test_x().rows(..20)?.to_vec_f64();
    let images = plot::ImageData::split(28, 28, pixels);
    piece!(
        pieces,
        "images",
        "Images with predictions",
        plot::images_with_predictions(&images, &truth[..20], &predicted[..20], &names)
            .title("예측: 틀린 것은 표시된다")
    );

    let variants = [("plain", None, None), ("L2", None, Some(1e-3)), ("L1", Some(1e-4), None)];
    let mut weights = Vec::new();
    for (name, l1, l2) in variants {
        let dense = |units| {
            let layer = Dense::new(units).activation("relu").kernel_initializer("he_normal");
            match (l1, l2) {
                (Some(l1), _) => layer.kernel_regularizer(L1::new(l1)),
                (_, Some(l2)) => layer.kernel_regularizer(L2::new(l2)),
                _ => layer,
            }
        };
        let mut model = Sequential::new()
            .add(Flatten::new().input_shape([28, 28]))
            .add(dense(50))
            .add(dense(30))
            .add(Dense::new(10).activation("softmax"));
        model.compile(Adam::new(0.002), "sparse_categorical_crossentropy", ["accuracy"])?;
        model.fit(&data.train_x(), &data.train_y()).epochs(8).verbose(0).run()?;
        let kernels: Vec<Vec<f64>> = model.get_weights()?.iter().step_by(2).map(Tensor::to_vec_f64).collect();
        weights.push((name, kernels));
    }
    let layers = ["dense", "dense_1", "dense_2"];
    let plain: Vec<(&str, Vec<f64>)> = layers.into_iter().zip(weights[0].1.clone()).collect();
    piece!(pieces, "weights", "Weights by layer", plot::weights_by_layer(&plain).title("층별 가중치 분포"));
    piece!(
        pieces,
        "histograms",
        "Histograms by layer",
        plot::layer_histograms(&plain, 40).title("층별 가중치 히스토그램")
    );
    piece!(
        pieces,
        "sparsity",
        "Sparsity under regularization",
        plot::sparsity(&layers, &weights, 1e-3).title("규제와 희소성: |w| ≤ 10⁻³ 의 비율")
    );
    Ok(())
}

/// A deep network before any training, under three pairs of activation and initialization.
fn probes(pieces: &mut Vec<Piece>) -> Result<()> {
    let data = datasets::fashion_mnist::load()?;
    let (x, y) = (data.train_x().rows(..200)?, data.train_y().rows(..200)?);
    let probe = |activation: &str, initializer: &str| -> Result<models::Probe> {
        let mut model = Sequential::new().seed(1).add(Flatten::new().input_shape([28, 28]));
        for _ in 0..10 {
            model = model.add(Dense::new(50).activation(activation).kernel_initializer(initializer));
        }
        let mut model = model.add(Dense::new(10).activation("softmax"));
        model.compile("sgd", "sparse_categorical_crossentropy", ())?;
        model.probe(&x, &y)
    };
    let sigmoid = probe("sigmoid", "glorot_uniform")?;
    let (tanh, relu) = (probe("tanh", "glorot_uniform")?, probe("relu", "he_normal")?);
    let layers: Vec<String> = (1..=11).map(|k| k.to_string()).collect();
    piece!(
        pieces,
        "gradient-flow",
        "The size of gradients by layer",
        plot::gradient_flow(
            &layers,
            &[
                ("sigmoid + Glorot", sigmoid.gradient_norms()),
                ("tanh + Glorot", tanh.gradient_norms()),
                ("relu + He", relu.gradient_norms()),
            ]
        )
        .title("기울기 소실")
    );
    let shown: Vec<(&str, &[f64])> = ["dense", "dense_4", "dense_9"]
        .into_iter()
        .map(|name| Ok((name, tanh.layer(name)?.activations())))
        .collect::<Result<_>>()?;
    piece!(
        pieces,
        "activation-histograms",
        "What comes out of each layer",
        plot::layer_histograms(&shown, 40).title("tanh 층의 출력 분포")
    );
    Ok(())
}

fn descents(pieces: &mut Vec<Piece>) -> Result<()> {
    let beale = surfaces::beale();
    let paths = beale.race(
        [
            ("SGD", SGD::new(0.005).into()),
            ("momentum", SGD::new(0.005).momentum(0.9).into()),
            ("Adam", Adam::new(0.1).into()),
        ],
        [1.0, 1.5],
        200,
    )?;
    piece!(
        pieces,
        "descent",
        "Descents on a surface",
        plot::descent(&beale, &paths).title("Beale 함수 위의 하강")
    );
    piece!(
        pieces,
        "descent-animated",
        "An animated descent: a slider where it is interactive",
        plot::descent_animated(&beale, &paths).title("Beale 함수 위의 하강, 단계마다")
    );
    let hills = surfaces::himmelblau();
    let way =
        hills.race([("Adam", Adam::new(0.2).into()), ("SGD", SGD::new(0.01).into())], [-0.5, -1.0], 80)?;
    piece!(
        pieces,
        "surface",
        "A surface: in three dimensions where it is interactive",
        plot::surface_with_paths(&hills, &way).title("Himmelblau 함수")
    );
    let curve = surfaces::local_minima();
    let ways = [
        curve.descend(SGD::new(0.02), 1.9, 80)?.named("SGD"),
        curve.descend(SGD::new(0.02).momentum(0.9), 1.9, 80)?.named("momentum"),
    ];
    piece!(pieces, "local-minima", "Local minima", curve.figure(&ways).title("지역 최소점에 갇히다"));
    Ok(())
}

fn simulations(pieces: &mut Vec<Piece>) -> Result<()> {
    let simulation = Simulation::new(|x| x + 2.0 * (1.5 * x).sin())
        .noise(0.5)
        .samples(30)
        .domain(0.0, 10.0)
        .runs(200)
        .seed(1);
    let simple = simulation.clone().regressor(Polynomial::new(1)).run()?;
    let flexible = simulation.clone().regressor(Polynomial::new(12)).run()?;
    piece!(pieces, "fan-1", "A fan of simple models", simple.figure().title("1차: 편향이 크다 (high bias)"));
    piece!(
        pieces,
        "fan-12",
        "A fan of flexible models",
        flexible.figure().y_range(-6.0, 16.0).title("12차: 분산이 크다 (high variance)")
    );
    let sweep = simulation.complexity_sweep("degree", 0..=14, Polynomial::new)?;
    piece!(
        pieces,
        "decomposition",
        "Bias, variance and noise by complexity",
        sweep.figure().title("복잡도에 따른 분해: MSE = bias² + variance + σ²")
    );
    let two = Classification::new(|x| 0.5 + 0.45 * (12.0 * x).sin()).samples(60).runs(400).seed(1);
    let classes = two.complexity_sweep("neighbours", [1, 3, 5, 9, 15, 25, 39, 59], NearestNeighbours::new)?;
    piece!(
        pieces,
        "zero-one",
        "Bias and variance of a classifier",
        classes.figure().title("분류기의 편향과 분산 (0-1 손실)")
    );
    let crosses = |bias: f64, spread: f64| {
        let angle = |i: usize| (i as f64 * 2.4, ((i * 37 % 24) as f64 / 24.0).sqrt());
        (0..24)
            .map(angle)
            .map(|(a, r)| (bias + spread * r * a.cos(), bias * 0.7 + spread * r * a.sin()))
            .collect()
    };
    let cases: [(&str, Vec<(f64, f64)>); 4] = [
        ("편향 작음, 분산 작음", crosses(0.0, 0.25)),
        ("편향 작음, 분산 큼", crosses(0.0, 0.9)),
        ("편향 큼, 분산 작음", crosses(0.8, 0.25)),
        ("편향 큼, 분산 큼", crosses(0.8, 0.9)),
    ];
    piece!(pieces, "target", "The bias-variance target", plot::target(&cases).title("편향과 분산의 과녁"));
    Ok(())
}
