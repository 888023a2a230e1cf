//! Suites that cross crates, in one binary.

mod bad_input;
mod fixture;
mod formula;
mod golden;
mod training_run;
mod layers;
mod summaries;
