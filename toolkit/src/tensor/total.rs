//! Sums that are gathered over many steps.

use super::{Shape, Tensor};
use crate::Result;

/// So many numbers are added up on a device before their sum is read: 32-bit sums stay exact enough.
const READ_AFTER: u32 = 128;

/// A sum of numbers that come one by one as tensors. Those of a device stay there until somebody wants to see the sum,
/// so that no step waits for its own loss.
#[derive(Debug, Clone, Default)]
pub(crate) struct Total {
    known: f64,
    pending: Option<Tensor>,
    count: u32,
}

impl Total {
    /// Adds the number in a tensor of one element, times `factor`.
    ///
    /// # Errors
    /// When the device fails.
    pub(crate) fn add(&mut self, number: &Tensor, factor: f64) -> Result<()> {
        if !number.backend().is_lazy() {
            self.known += number.item()? * factor;
            return Ok(());
        }
        let number = number.reshaped(Shape::from_fit(&[]));
        let number = if factor == 1.0 { number } else { number * factor };
        self.pending = Some(match self.pending.take() {
            Some(sum) if sum.device() == number.device() => sum + number,
            Some(sum) => {
                self.known += sum.item()?;
                number
            }
            None => number,
        });
        self.count += 1;
        if self.count >= READ_AFTER {
            self.known = self.read()?;
            (self.pending, self.count) = (None, 0);
        }
        Ok(())
    }

    /// Adds a number that is known.
    pub(crate) fn add_number(&mut self, number: f64) {
        self.known += number;
    }

    /// Adds another sum, times `factor`.
    ///
    /// # Errors
    /// When the device fails.
    pub(crate) fn add_total(&mut self, other: &Self, factor: f64) -> Result<()> {
        self.known += other.known * factor;
        other.pending.as_ref().map_or(Ok(()), |sum| self.add(sum, factor))
    }

    /// The sum; waits for a device that has not computed it yet.
    ///
    /// # Errors
    /// When the device fails.
    pub(crate) fn read(&self) -> Result<f64> {
        Ok(self.known + self.pending.as_ref().map_or(Ok(0.0), Tensor::item)?)
    }

    /// The sum; NaN where the device failed, which the end of the step reports.
    pub(crate) fn value(&self) -> f64 {
        self.read().unwrap_or(f64::NAN)
    }

    /// What is still on a device.
    pub(crate) fn pending(&self) -> Option<&Tensor> {
        self.pending.as_ref()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_add_up() {
        let mut total = Total::default();
        total.add(&Tensor::scalar(1.5), 2.0).unwrap();
        total.add_number(0.25);
        let mut all = total.clone();
        all.add_total(&total, 0.5).unwrap();
        assert_eq!(all.value(), 3.25 * 1.5);
    }
}
