//! Suites that cross crates, in one binary.

mod bad_input;
mod bias_variance;
mod devices;
mod fixture;
mod formula;
mod golden;
mod layers;
mod random_configs;
mod summaries;
mod training_run;
