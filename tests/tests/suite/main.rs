//! Suites that cross crates, in one binary.

mod fixture;
mod formula;
mod training_run;
