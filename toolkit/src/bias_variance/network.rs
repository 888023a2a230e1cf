//! A network of this toolkit as a regressor.

use super::{Regressor, Sample};
use crate::choice::Choice;
use crate::device::Device;
use crate::layers::Dense;
use crate::models::Sequential;
use crate::optimizers::{Adam, Optimizer};
use crate::{Error, Result, Tensor};

/// A small fully connected network, initialized and trained anew for each sample, on the whole sample at a time.
///
/// Points are scaled to $-1 \le u \le 1$, targets to mean 0 and deviation 1 of the sample; predictions are scaled back.
///
/// # Example
/// ```
/// use kiln::bias_variance::{Network, Simulation};
/// let sim = Simulation::new(|x| x).noise(0.1).samples(10).runs(2).seed(1);
/// let result = sim.regressor(Network::new([4]).epochs(5)).run()?;
/// assert_eq!(result.runs(), 2);
/// # Ok::<(), kiln::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Network {
    hidden: Vec<usize>,
    activation: String,
    optimizer: Choice<dyn Optimizer>,
    epochs: usize,
}

impl Network {
    /// A network with hidden layers of these many units, trained for 300 epochs with Adam at 0.01.
    pub fn new(hidden: impl Into<Vec<usize>>) -> Self {
        Self {
            hidden: hidden.into(),
            activation: "tanh".into(),
            optimizer: Adam::new(0.01).into(),
            epochs: 300,
        }
    }

    /// The activation of the hidden layers; `tanh` by default.
    #[must_use]
    pub fn activation(mut self, name: impl Into<String>) -> Self {
        self.activation = name.into();
        self
    }

    /// The optimizer; Adam at 0.01 by default.
    #[must_use]
    pub fn optimizer(mut self, optimizer: impl Into<Choice<dyn Optimizer>>) -> Self {
        self.optimizer = optimizer.into();
        self
    }

    /// The number of steps on the whole sample, at least 1; 300 by default.
    #[must_use]
    pub fn epochs(mut self, epochs: usize) -> Self {
        self.epochs = epochs;
        self
    }

    fn model(&self, seed: u64) -> Result<Sequential> {
        // Thousands of tiny models side by side: no device pays for itself.
        let mut model = Sequential::new().seed(seed).device(Device::HOST);
        for (index, &units) in self.hidden.iter().enumerate() {
            let layer = Dense::new(units).activation(self.activation.as_str());
            model.push(if index == 0 { layer.input_shape([1]) } else { layer })?;
        }
        let last = Dense::new(1);
        model.push(if self.hidden.is_empty() { last.input_shape([1]) } else { last })?;
        model.compile(self.optimizer.get()?, "mse", ())?;
        Ok(model)
    }
}

impl Regressor for Network {
    fn name(&self) -> String {
        format!("network with hidden units {:?}", self.hidden)
    }

    fn check(&self, _samples: usize) -> Result<()> {
        if self.epochs == 0 {
            return Err(Error::argument("Network: epochs must be at least 1, but is 0"));
        }
        self.model(0).map(|_| ())
    }

    fn fit_predict(&self, sample: &Sample, at: &[f64], predictions: &mut [f64]) -> Result<()> {
        let n = sample.len() as f64;
        let mean = sample.y.iter().sum::<f64>() / n;
        let deviation = (sample.y.iter().map(|y| (y - mean).powi(2)).sum::<f64>() / n).sqrt();
        let scale = if deviation > 0.0 { deviation } else { 1.0 };
        let column = |values: Vec<f32>| {
            let rows = values.len();
            Tensor::from_vec(values, [rows, 1])
        };
        let inputs = |x: &[f64]| column(x.iter().map(|&x| sample.scaled(x) as f32).collect());
        let x = inputs(&sample.x)?;
        let y = column(sample.y.iter().map(|y| ((y - mean) / scale) as f32).collect())?;
        let mut model = self.model(sample.seed)?;
        let fit = model.fit(&x, &y).epochs(self.epochs).batch_size(sample.len()).shuffle(false).verbose(0);
        if fit.run()?.interrupted() {
            return Err(Error::state("Network: training was interrupted"));
        }
        let found = model.predict(&inputs(at)?)?.to_vec();
        predictions.iter_mut().zip(found).for_each(|(out, value)| *out = mean + scale * f64::from(value));
        Ok(())
    }
}
