//! Suites that cross crates, in one binary.

mod allocations;
mod bad_input;
mod bias_variance;
mod broken_files;
mod budget;
mod callbacks;
mod devices;
mod devices_and_models;
mod distributions;
mod figures;
mod fits;
mod fixture;
mod formula;
mod golden;
mod invariants;
mod keras_files;
mod layers;
mod lecture;
mod losses_and_metrics;
mod names;
mod own_parts;
mod printed_arrays;
mod random_configs;
mod summaries;
mod training_run;
