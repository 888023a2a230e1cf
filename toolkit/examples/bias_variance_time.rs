//! Seconds for the lecture's bias-variance simulation: polynomials of degree 1 to 15, 1,000 runs each.
//!
//! ```text
//! cargo run -p kiln --example bias_variance_time [RUNS] [DEGREE...]
//! ```
//!
//! Prints the best of three as JSON, as `tests/peers/bias_variance.py` does for scikit-learn and NumPy. Kiln's time includes
//! the errors against fresh noisy targets, the decomposition and its standard errors, which the script does not compute.

use kiln::prelude::*;
use std::time::Instant;

fn main() -> Result<()> {
    let arguments: Vec<usize> =
        std::env::args().skip(1).filter_map(|argument| argument.parse().ok()).collect();
    let runs = arguments.first().copied().unwrap_or(1_000);
    let degrees = if arguments.len() > 1 { arguments[1..].to_vec() } else { (1..=15).collect() };
    let mut best = f64::INFINITY;
    for _ in 0..3 {
        let start = Instant::now();
        bias_variance::Simulation::new(|x| x + 2.0 * (1.5 * x).sin())
            .noise(1.0)
            .samples(30)
            .domain(0.0, 10.0)
            .runs(runs)
            .seed(1)
            .complexity_sweep("degree", degrees.iter().copied(), Polynomial::new)?;
        best = best.min(start.elapsed().as_secs_f64());
    }
    println!("{{\"runs\": {runs}, \"degrees\": {degrees:?}, \"kiln_s\": {best:.4}}}");
    Ok(())
}
