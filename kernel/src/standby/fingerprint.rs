//! What an evaluator was made of, in few characters.

use crate::bundle;
use crate::session::user_environment;
use anyhow::Result;
use std::hash::{DefaultHasher, Hash, Hasher};

/// Variables that decide how an evaluator is made, or that its process reads when it starts.
const VARIABLES: [&str; 7] = ["PATH", "HOME", "TMPDIR", "TZ", "LANG", "XDG_CACHE_HOME", "XDG_DATA_HOME"];
/// The same, by the beginnings of their names.
const FAMILIES: [&str; 10] =
    ["KILN_", "CARGO", "RUST", "LD_", "DYLD_", "EVCXR", "AF_", "OMP_", "RAYON_", "MALLOC_"];
/// Of those, the ones that are read when a kernel or a cell needs them, and so are handed over.
const LEFT_OUT: [&str; 4] = ["KILN_STANDBY", "KILN_MEMORY", "KILN_DATA", "KILN_STATE"];

/// The fingerprint of an evaluator that would be made now: of the toolkit's sources, the toolchain, this program, and the
/// settings in the environment.
pub(super) fn of_now() -> Result<String> {
    let mut hasher = DefaultHasher::new();
    bundle::current_stamp()?.hash(&mut hasher);
    let program = std::env::current_exe()?;
    let about = std::fs::metadata(&program)?;
    (program, about.len(), about.modified()?).hash(&mut hasher);
    variables(
        user_environment().into_iter().filter_map(|(name, value)| Some((name.into_string().ok()?, value))),
    )
    .hash(&mut hasher);
    Ok(format!("{:016x}", hasher.finish()))
}

fn variables<T: Ord>(all: impl Iterator<Item = (String, T)>) -> Vec<(String, T)> {
    let decides = |name: &str| {
        let is_one = VARIABLES.contains(&name) || FAMILIES.iter().any(|family| name.starts_with(family));
        is_one && !LEFT_OUT.iter().any(|left_out| name.starts_with(left_out))
    };
    let mut chosen: Vec<(String, T)> = all.filter(|(name, _)| decides(name)).collect();
    chosen.sort();
    chosen
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        variables(pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())))
    }

    /// A setting of the toolkit or the toolchain needs an evaluator of its own, a port or a session's number does not.
    #[test]
    fn settings_decide_and_accidents_do_not() {
        let a = chosen(&[("KILN_THREADS", "1"), ("JPY_PARENT_PID", "7"), ("PATH", "/bin")]);
        let b = chosen(&[
            ("PATH", "/bin"),
            ("KILN_THREADS", "1"),
            ("JPY_PARENT_PID", "8"),
            ("KILN_STANDBY_AFTER", "1"),
            ("KILN_MEMORY", "8G"),
        ]);
        assert_eq!(a, b);
        assert_ne!(a, chosen(&[("KILN_THREADS", "2"), ("PATH", "/bin")]));
    }
}
