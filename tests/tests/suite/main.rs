//! Suites that cross crates, in one binary.

mod bad_input;
mod bias_variance;
mod fits;
mod fixture;
mod formula;
mod golden;
mod invariants;
mod layers;
mod losses_and_metrics;
mod names;
mod random_configs;
mod summaries;
mod training_run;
