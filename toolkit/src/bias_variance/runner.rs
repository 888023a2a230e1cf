//! The loop over the runs.

use super::squared_errors::SquaredErrors;
use super::{Decomposition, Design, Sample, Simulation};
use crate::backend::host::parallel;
use crate::device::Device;
use crate::notebook::{self, MimeBundle};
use crate::plot::linspace;
use crate::random::Generator;
use crate::{Error, Result};
use std::io::{IsTerminal, Write};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How many runs make a block, which is worked on at once; a multiple of what a regressor solves together.
pub(super) const BLOCK: usize = 32;

/// All runs. Each has a random stream of its own, so that it is the same whatever runs beside it.
pub(super) fn run(simulation: &Simulation, seed: u64) -> Result<Decomposition> {
    let device = simulation.chosen_device()?;
    let at = simulation.grid();
    let truth = at.iter().map(|&x| simulation.target(x)).collect::<Result<_>>()?;
    let job = Job { simulation, device, seed, at, truth };
    let (name, width) = (simulation.regressor.name(), job.at.len());
    let rows = Rows { width, of_block: SquaredErrors::size(width), at_once: device != Device::HOST };
    let (predictions, errors) = all_runs(&name, simulation.runs, rows, |first, predictions, errors| {
        job.some_runs(first, predictions, errors)
    })?;
    let errors = SquaredErrors::of_blocks(&errors, width, predictions.len() / width);
    Ok(Decomposition::of(simulation, job.at, job.truth, predictions, errors))
}

/// What all runs share.
struct Job<'a> {
    simulation: &'a Simulation,
    device: Device,
    seed: u64,
    at: Vec<f64>,
    truth: Vec<f64>,
}

/// What [`all_runs`] keeps.
pub(super) struct Rows {
    /// The numbers of a run.
    pub(super) width: usize,
    /// The numbers of a block of [`BLOCK`] runs beside them.
    pub(super) of_block: usize,
    /// Whether a device takes all blocks at hand at once, instead of a core each.
    pub(super) at_once: bool,
}

/// The rows of all runs, or of those before an interrupt; `work` fills those of some blocks from the given run on.
///
/// The runs go in portions that take long enough to use the cores, and short enough to answer an interrupt and to show
/// how far it is.
pub(super) fn all_runs(
    name: &str,
    runs: usize,
    Rows { width, of_block, at_once }: Rows,
    work: impl Fn(usize, &mut [f64], &mut [f64]) -> Result<()> + Sync,
) -> Result<(Vec<f64>, Vec<f64>)> {
    let (mut of_runs, mut of_blocks) = (vec![0.0; runs * width], vec![0.0; runs.div_ceil(BLOCK) * of_block]);
    let mut progress = Progress::new(name, runs);
    let mut done = 0;
    let mut portion = 2 * BLOCK;
    while done < runs && !(done >= 2 && notebook::interrupted()) {
        let end = runs.min(done + portion);
        let failed: Mutex<Option<(usize, Error)>> = Mutex::new(None);
        let begun = Instant::now();
        let blocks = if at_once { (end - done).div_ceil(BLOCK) } else { 1 };
        let of_runs = (&mut of_runs[done * width..end * width], blocks * BLOCK * width);
        let first_block = done / BLOCK;
        let of_blocks =
            (&mut of_blocks[first_block * of_block..end.div_ceil(BLOCK) * of_block], blocks * of_block);
        parallel::blocks_mut(of_runs, of_blocks, |number, of_runs, of_blocks| {
            let first = done + number * blocks * BLOCK;
            if let Err(error) = work(first, of_runs, of_blocks) {
                let mut failed = failed.lock().unwrap_or_else(PoisonError::into_inner);
                if failed.as_ref().is_none_or(|(run, _)| first < *run) {
                    *failed = Some((first, error));
                }
            }
        });
        match failed.into_inner().unwrap_or_else(PoisonError::into_inner) {
            // A model that an interrupt stopped halfway is none; the runs before are.
            Some(_) if done >= 2 && notebook::interrupted() => break,
            Some((_, error)) => return Err(error),
            None => {}
        }
        done = end;
        progress.show(done);
        if begun.elapsed() < Duration::from_millis(50) {
            portion *= 4;
        }
    }
    of_runs.truncate(done * width);
    of_blocks.truncate(done.div_ceil(BLOCK) * of_block);
    Ok((of_runs, of_blocks))
}

/// Says how far a simulation is once it has taken a while: in a notebook by one display, on a terminal by one
/// line; at the end it is gone.
struct Progress<'a> {
    name: &'a str,
    runs: usize,
    begun: Instant,
    id: Option<String>,
    on_terminal: bool,
}

impl<'a> Progress<'a> {
    const QUIET: Duration = Duration::from_secs(2);

    fn new(name: &'a str, runs: usize) -> Self {
        Self { name, runs, begun: Instant::now(), id: None, on_terminal: false }
    }

    fn show(&mut self, done: usize) {
        if self.begun.elapsed() < Self::QUIET {
            return;
        }
        let line = format!("{}: {done}/{} runs", self.name, self.runs);
        if notebook::is_live() {
            let bundle = MimeBundle::text(line);
            if let Some(id) = &self.id {
                notebook::update(id, &bundle);
            } else {
                let id = format!("kiln-simulation-{:x}", crate::random::fresh_id());
                notebook::display_as(&id, &bundle);
                self.id = Some(id);
            }
        } else if std::io::stderr().is_terminal() {
            self.on_terminal = true;
            eprint!("\r\x1b[K{line}");
            let _ = std::io::stderr().flush();
        }
    }
}

impl Drop for Progress<'_> {
    fn drop(&mut self) {
        // A quick machine shows nothing, so nothing may stay: notebooks reproduce.
        if let Some(id) = &self.id {
            notebook::update(id, &MimeBundle::text(""));
        }
        if self.on_terminal {
            eprint!("\r\x1b[K");
        }
    }
}

impl Job<'_> {
    /// Draws some blocks of runs, fits to them, and measures their errors.
    fn some_runs(&self, first: usize, predictions: &mut [f64], blocks: &mut [f64]) -> Result<()> {
        let Self { simulation, device, at, .. } = self;
        let runs = predictions.len() / at.len();
        let (mut samples, mut generators) = (Vec::with_capacity(runs), Vec::with_capacity(runs));
        for run in first..first + runs {
            let mut generator = Generator::with_stream(self.seed, run as u64 + 1);
            samples.push(draw(simulation, &mut generator)?);
            generators.push(generator);
        }
        simulation.regressor.fit_predict_all(*device, &samples, at, predictions)?;
        let mut errors = vec![0.0; runs.min(BLOCK) * at.len()];
        let parts = predictions.chunks(BLOCK * at.len()).zip(generators.chunks_mut(BLOCK));
        for ((predictions, generators), block) in parts.zip(SquaredErrors::blocks_mut(blocks, at.len())) {
            let errors = &mut errors[..predictions.len()];
            let rows = predictions.chunks_exact(at.len()).zip(errors.chunks_exact_mut(at.len()));
            for ((predictions, errors), generator) in rows.zip(generators) {
                generator.fill_normal(errors);
                for ((error, prediction), truth) in errors.iter_mut().zip(predictions).zip(&self.truth) {
                    let difference = truth + simulation.noise * *error - prediction;
                    *error = difference * difference;
                }
            }
            SquaredErrors::sum_up(errors, at.len(), block);
        }
        Ok(())
    }
}

fn draw(simulation: &Simulation, generator: &mut Generator) -> Result<Sample> {
    let x = points(simulation.samples, simulation.domain, simulation.design, generator);
    let mut y = vec![0.0; x.len()];
    generator.fill_normal(&mut y);
    for (y, &x) in y.iter_mut().zip(&x) {
        *y = simulation.target(x)? + simulation.noise * *y;
    }
    Ok(Sample { x, y, domain: simulation.domain, seed: generator.word() })
}

/// The points of one sample.
pub(super) fn points(
    count: usize,
    (low, high): (f64, f64),
    design: Design,
    generator: &mut Generator,
) -> Vec<f64> {
    match design {
        Design::Random => (0..count).map(|_| low + (high - low) * generator.uniform()).collect(),
        Design::Fixed if count == 1 => vec![0.5 * (low + high)],
        Design::Fixed => linspace(low, high, count),
    }
}
