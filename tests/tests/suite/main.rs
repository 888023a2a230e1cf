//! Suites that cross crates, in one binary.

mod bad_input;
mod bias_variance;
mod callbacks;
mod fixture;
mod formula;
mod golden;
mod layers;
mod lecture;
mod random_configs;
mod summaries;
mod training_run;
