//! The order in which an epoch takes the samples.

use crate::Result;
use crate::config::{Named, OneOf};
use crate::random::Generator;

/// What `fit` mixes before an epoch; [`shuffle`](super::Fit::shuffle) takes `true`, `false` or `"batch"` for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shuffle {
    /// Nothing: the samples come in their own order.
    Nothing,
    /// All samples.
    Samples,
    /// The samples of each batch; the batches stay in their order.
    WithinBatches,
}

impl Named for Shuffle {
    const WHAT: &'static str = "shuffle";
    const NAMES: &'static [(&'static str, Self)] = &[("batch", Self::WithinBatches)];
}

impl OneOf<Shuffle> for bool {
    fn value(self) -> Result<Shuffle> {
        Ok(if self { Shuffle::Samples } else { Shuffle::Nothing })
    }
}

impl Shuffle {
    /// The numbers of all samples in the order of one round.
    pub(super) fn order(self, rows: usize, batch_size: usize, generator: &mut Generator) -> Vec<usize> {
        match self {
            Self::Nothing => (0..rows).collect(),
            Self::Samples => generator.permutation(rows),
            Self::WithinBatches => {
                let mix = |start: usize| {
                    let order = generator.permutation(batch_size.min(rows - start));
                    order.into_iter().map(move |place| start + place)
                };
                (0..rows).step_by(batch_size).flat_map(mix).collect()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every sample comes once; within batches each stays in its own, and is moved.
    #[test]
    fn orders_take_every_sample_once() {
        let mut generator = Generator::new(3);
        assert_eq!(Shuffle::Nothing.order(5, 2, &mut generator), [0, 1, 2, 3, 4]);
        for shuffle in [Shuffle::Samples, Shuffle::WithinBatches] {
            let order = shuffle.order(1003, 10, &mut generator);
            let moved = order.iter().enumerate().filter(|(place, sample)| place != *sample).count();
            assert!(moved > 800, "{shuffle:?}: {moved}");
            let stays = order.iter().enumerate().all(|(place, sample)| place / 10 == sample / 10);
            assert_eq!(stays, shuffle == Shuffle::WithinBatches);
            let mut sorted = order;
            sorted.sort_unstable();
            assert!(sorted.into_iter().eq(0..1003), "{shuffle:?}");
        }
    }
}
