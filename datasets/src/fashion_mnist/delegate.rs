//! Downloading by the installed command `kiln`, for a process that cannot do it itself.

use std::io::{ErrorKind, Read};
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::{Error, Result};

/// Without a network the command ends within seconds; this bounds a slow one.
const LIMIT: Duration = Duration::from_secs(180);

/// Has `kiln datasets fetch fashion_mnist` fill the cache.
pub(super) fn fetch(command: &Path, cache: &Path, address: &str) -> Result<()> {
    fetch_within(command, cache, address, LIMIT)
}

fn fetch_within(command: &Path, cache: &Path, address: &str, limit: Duration) -> Result<()> {
    let fail = |what: String| Error::new(what).at(command.display());
    let started = Instant::now();
    let mut child = loop {
        let spawned = Command::new(command)
            .args(["datasets", "fetch", "fashion_mnist", "--to"])
            .arg(cache)
            .args(["--url", address])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn();
        match spawned {
            Ok(child) => break child,
            // The program is being written, by an installation that is about to end.
            Err(error) if error.kind() == ErrorKind::ExecutableFileBusy && started.elapsed() < limit => {
                thread::sleep(Duration::from_millis(20));
            }
            Err(error) => return Err(fail(format!("cannot be started: {error}"))),
        }
    };
    let status = loop {
        match child.try_wait() {
            Ok(Some(status)) => break status,
            Ok(None) if started.elapsed() < limit => thread::sleep(Duration::from_millis(20)),
            Ok(None) => {
                // It leaves no half file: a file appears in the cache when it is whole.
                child.kill().ok();
                child.wait().ok();
                return Err(fail(format!("the download was not done within {} s", limit.as_secs())));
            }
            Err(error) => return Err(fail(format!("cannot be waited for: {error}"))),
        }
    };
    if status.success() {
        return Ok(());
    }
    let mut said = Vec::new();
    if let Some(stderr) = child.stderr.take() {
        stderr.take(64 * 1024).read_to_end(&mut said).ok();
    }
    let said = String::from_utf8_lossy(&said);
    let reason = said.lines().rfind(|line| !line.trim().is_empty() && !line.starts_with("help:"));
    Err(match reason {
        Some(reason) => Error::new(reason.trim().trim_start_matches("error: ")),
        None => fail(format!("the download ended with {status}")),
    })
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    fn script(name: &str, body: &str) -> std::path::PathBuf {
        let path = std::env::temp_dir().join(format!("kiln-delegate-{name}-{}", std::process::id()));
        std::fs::write(&path, format!("#!/bin/sh\n{body}\n")).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
        path
    }

    #[test]
    fn the_command_gets_the_cache_and_the_address() {
        let out = std::env::temp_dir().join(format!("kiln-delegate-out-{}", std::process::id()));
        let command = script("ok", &format!("echo \"$@\" > {}", out.display()));
        fetch(&command, Path::new("/some/cache"), "http://127.0.0.1/").unwrap();
        let arguments = std::fs::read_to_string(&out).unwrap();
        assert_eq!(arguments.trim(), "datasets fetch fashion_mnist --to /some/cache --url http://127.0.0.1/");
        std::fs::remove_file(out).ok();
        std::fs::remove_file(command).ok();
    }

    #[test]
    fn a_failure_gives_the_commands_own_reason() {
        let command =
            script("fail", "echo downloading >&2; echo 'error: no route' >&2; echo 'help: x' >&2; exit 1");
        let error = fetch(&command, Path::new("c"), "a").unwrap_err();
        assert_eq!(error.what(), "no route");
        std::fs::remove_file(command).ok();
    }

    #[test]
    fn a_command_that_hangs_is_ended() {
        let command = script("hang", "exec sleep 60");
        let error = fetch_within(&command, Path::new("c"), "a", Duration::from_millis(200)).unwrap_err();
        assert!(error.what().contains("not done within"), "{error}");
        std::fs::remove_file(command).ok();
    }

    #[test]
    fn a_missing_command_is_named() {
        let error = fetch(Path::new("/no/such/kiln"), Path::new("c"), "a").unwrap_err();
        assert!(error.to_string().starts_with("/no/such/kiln: cannot be started"), "{error}");
    }
}
