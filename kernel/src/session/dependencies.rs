//! `:dep` lines, before evcxr gets them.
//!
//! The toolkit is there already, so asking for it again changes nothing. A crate that the toolkit itself uses is taken at
//! the toolkit's version and with its features: another choice would have cargo compile all of the toolkit anew, and give
//! cells types that the toolkit does not know.

use crate::bundle;
use std::path::Path;

/// What becomes of a line with a command.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Line {
    /// It goes to evcxr, as it is here.
    Pass(String),
    /// It adds a crate, which takes time; it goes to evcxr as it is here.
    Add { name: String, line: String },
    /// It asks for what is there; the sentence says so.
    Nothing(String),
}

/// A crate of the toolkit's graph, as the lock file has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Locked {
    name: String,
    version: String,
}

/// Reads which crates the toolkit is built with from the lock file of the crate of cells.
pub(super) fn locked(lock_file: &Path) -> Vec<Locked> {
    read_locked(&std::fs::read_to_string(lock_file).unwrap_or_default())
}

fn read_locked(text: &str) -> Vec<Locked> {
    let value = |block: &str, key: &str| {
        let line = block.lines().find_map(|line| line.strip_prefix(key))?;
        Some(line.trim().trim_start_matches('=').trim().trim_matches('"').to_owned())
    };
    text.split("[[package]]")
        .skip(1)
        .filter_map(|block| Some(Locked { name: value(block, "name")?, version: value(block, "version")? }))
        .collect()
}

/// Decides on one line.
pub(super) fn line(text: &str, locked: &[Locked]) -> Line {
    if text.trim() == ":quit" {
        return Line::Nothing(
            "`:quit` ends a session in a terminal; a notebook's is ended by its menu".to_owned(),
        );
    }
    let Some(asked) = text.trim().strip_prefix(":dep ").map(str::trim) else {
        return Line::Pass(text.to_owned());
    };
    let (name, specification) = match asked.split_once('=') {
        Some((name, specification)) => (name.trim(), Some(specification.trim())),
        None => (asked, None),
    };
    if is_toolkit(name, specification) {
        return Line::Nothing(format!(
            "`{name}` is here already: this kernel brings the toolkit, compiled ahead"
        ));
    }
    if let Some(specification) = of_toolkit(name, specification, locked) {
        return Line::Add { name: name.to_owned(), line: format!(":dep {name} = {specification}") };
    }
    Line::Add { name: name.to_owned(), line: text.trim().to_owned() }
}

fn is_toolkit(name: &str, specification: Option<&str>) -> bool {
    let in_specification =
        |text: &str| specification.is_some_and(|specification| specification.contains(text));
    name == bundle::DEPENDENCY || in_specification("kiln-bundle") || name == "kiln-bundle"
}

/// The specification by which a crate of the toolkit's is taken as it is; `None` if it is none of them, or if something is
/// asked for that only the user can know.
fn of_toolkit(name: &str, specification: Option<&str>, locked: &[Locked]) -> Option<String> {
    let mut versions = locked.iter().filter(|package| package.name == name).map(|package| &package.version);
    let (version, None) = (versions.next()?, versions.next()) else { return None };
    let requirement = match specification {
        None => "*",
        // A version alone; whoever names features or a source has a reason.
        Some(text) => text.strip_prefix('"')?.strip_suffix('"').filter(|text| !text.contains('"'))?,
    };
    let fits = requirement == "*" || is_compatible(requirement, version);
    fits.then(|| format!("{{ version = \"={version}\", default-features = false }}"))
}

/// Whether cargo would take `version` for a requirement such as `0.17`, `1` or `^1.2.3`; not for others.
fn is_compatible(requirement: &str, version: &str) -> bool {
    let numbers = |text: &str| -> Option<Vec<u64>> {
        text.split(['-', '+']).next()?.split('.').map(|part| part.parse().ok()).collect()
    };
    let requirement = requirement.trim().trim_start_matches('^');
    let (Some(asked), Some(there)) = (numbers(requirement), numbers(version)) else { return false };
    // The first number that is not zero decides, and nothing before the last one asked for may be less.
    let fixed = asked.iter().position(|number| *number != 0).map_or(asked.len(), |at| at + 1);
    asked.len() <= there.len() && asked[..fixed] == there[..fixed] && asked[..] <= there[..asked.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decided(text: &str) -> Line {
        let lock = "version = 4\n\n[[package]]\nname = \"ndarray\"\nversion = \"0.17.2\"\n\n[[package]]\nname = \"rand\"\nversion = \"0.9.1\"\n\n[[package]]\nname = \"rand\"\nversion = \"0.10.0\"\n";
        line(text, &read_locked(lock))
    }

    fn added(text: &str) -> String {
        match decided(text) {
            Line::Add { line, .. } => line,
            other => format!("{other:?}"),
        }
    }

    /// The toolkit by any of its names is there.
    #[test]
    fn the_toolkit_is_there() {
        for text in [
            ":dep kiln",
            ":dep kiln = { path = \"../toolkit\" }",
            ":dep kiln = { package = \"kiln-bundle\", path = \"../kernel/bundle\" }",
            ":dep toolkit = { package = \"kiln-bundle\", path = \"/x\" }",
        ] {
            assert!(
                matches!(decided(text), Line::Nothing(sentence) if sentence.contains("already")),
                "{text}"
            );
        }
        assert_eq!(decided(":vars"), Line::Pass(":vars".into()));
        // evcxr would end the kernel.
        assert!(matches!(decided(":quit"), Line::Nothing(_)));
    }

    /// A crate of the toolkit's is taken as it is; what the user says of others stays.
    #[test]
    fn the_toolkits_crates_are_taken_as_they_are() {
        let own = ":dep ndarray = { version = \"=0.17.2\", default-features = false }";
        for text in
            [":dep ndarray", ":dep ndarray = \"0.17\"", ":dep ndarray=\"0.17.1\"", ":dep ndarray = \"*\""]
        {
            assert_eq!(added(text), own, "{text}");
        }
        for text in [
            ":dep ndarray = \"0.16\"",
            ":dep ndarray = \"0.17.3\"",
            ":dep ndarray = { version = \"0.17\", features = [\"serde\"] }",
            ":dep rand",
            ":dep itoa = \"1\"",
        ] {
            assert_eq!(added(text), text);
        }
    }

    /// Cargo's rule for versions.
    #[test]
    fn versions_are_compatible_as_cargo_says() {
        assert!(
            is_compatible("1", "1.9.3")
                && is_compatible("^1.2", "1.2.0")
                && is_compatible("0.17.2", "0.17.2")
        );
        assert!(
            !is_compatible("2", "1.9.3") && !is_compatible("1.3", "1.2.9") && !is_compatible("0.3", "0.4.0")
        );
        assert!(!is_compatible(">=1, <2", "1.5.0"));
    }
}
