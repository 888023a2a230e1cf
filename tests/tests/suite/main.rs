//! Suites that cross crates, in one binary.

mod fixture;
mod bad_input;
mod formula;
mod golden;
mod training_run;
mod layers;
mod summaries;
