//! `kiln render-svg`: paints a figure's SVG as PNG or PDF; `figure.save("x.png")` in a notebook calls it.
//!
//! What notebooks load has no rasteriser, so that they start fast.

use std::io::{Read, Write};

use anyhow::{Context, Result, bail};
use kiln_picture::{pdf, raster, read_svg};

/// The format, and how large.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// `png` or `pdf`
    #[arg(long, value_name = "FORMAT", default_value = "png")]
    to: String,
    /// Pixels of the PNG for each of the figure's
    #[arg(long, default_value_t = 2.0)]
    scale: f64,
}

/// Reads an SVG from standard input and writes the picture to standard output.
///
/// # Errors
/// An SVG that is not one of Kiln's figures, an unknown format, or a scale that leads to no image.
pub(super) fn main(arguments: &Arguments) -> Result<()> {
    let mut svg = String::new();
    std::io::stdin().read_to_string(&mut svg).context("no SVG comes in")?;
    let picture = match arguments.to.as_str() {
        "png" => png(&svg, arguments.scale)?,
        "pdf" => pdf(&svg)?,
        other => bail!("unknown format `{other}`\nhelp: the formats are png, pdf"),
    };
    std::io::stdout().write_all(&picture).context("the picture cannot be written")
}

/// A figure's SVG as PNG.
pub(super) fn png(svg: &str, scale: f64) -> Result<Vec<u8>> {
    read_svg::read(svg).and_then(|scene| raster::write(&scene, scale)).map_err(told)
}

/// A figure's SVG as PDF.
pub(super) fn pdf(svg: &str) -> Result<Vec<u8>> {
    read_svg::read(svg).map(|scene| pdf::write(&scene)).map_err(told)
}

fn told(error: kiln_picture::Error) -> anyhow::Error {
    anyhow::anyhow!("{error}\nhelp: {}", error.help())
}
