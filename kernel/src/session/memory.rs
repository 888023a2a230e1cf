//! The limit of a session's memory: a cell that fills it is ended before it takes the machine along.

use super::channel::Channel;
use anyhow::{Result, bail};
use std::path::Path;
use std::sync::{Arc, Weak};
use std::time::Duration;

/// How often the cells' process is looked at; in this time a cell writes to at most a few hundred megabytes.
const INTERVAL: Duration = Duration::from_millis(50);
/// The share of the free memory that a session may take, where nothing else is said.
const DEFAULT_PERCENT: u64 = 80;

/// The limit in bytes that `KILN_MEMORY` sets, or else 80 % of what is free now; `None` is no limit.
///
/// # Errors
/// When the variable is neither an amount (`8G`, `500M`), a share of what is free (`50%`) nor `none`.
pub(super) fn limit() -> Result<Option<u64>> {
    let asked = std::env::var("KILN_MEMORY").unwrap_or_default();
    parse(&asked, free())
}

/// The limit that a session would have now, for people.
///
/// # Errors
/// As [`limit`].
pub(crate) fn described_limit() -> Result<Option<String>> {
    Ok(limit()?.map(readable))
}

/// Ends the cells' process whenever it takes more than `limit`, for as long as the session lives.
pub(super) fn watch(channel: &Arc<Channel>, limit: u64) -> Result<()> {
    let channel: Weak<Channel> = Arc::downgrade(channel);
    std::thread::Builder::new().name("kiln-memory".into()).spawn(move || {
        while let Some(channel) = channel.upgrade() {
            if let Some(process) = channel.process()
                && let Some(taken) = resident(process).filter(|taken| *taken > limit)
            {
                channel.end_process(format!(
                    "its memory reached {}, and the limit of this session is {}",
                    readable(taken),
                    readable(limit)
                ));
            }
            drop(channel);
            std::thread::sleep(INTERVAL);
        }
    })?;
    Ok(())
}

/// A number of bytes as people write it.
pub(super) fn readable(bytes: u64) -> String {
    #[allow(clippy::cast_precision_loss)] // one decimal is shown
    let bytes = bytes as f64;
    if bytes >= 1e9 { format!("{:.1} GB", bytes / 1e9) } else { format!("{:.0} MB", bytes / 1e6) }
}

fn parse(asked: &str, free: Option<u64>) -> Result<Option<u64>> {
    let asked = asked.trim();
    let share = |percent: u64| free.map(|free| free / 100 * percent);
    if asked.is_empty() {
        return Ok(share(DEFAULT_PERCENT));
    }
    if asked == "none" {
        return Ok(None);
    }
    let digits = asked.trim_end_matches(|c: char| !c.is_ascii_digit());
    let unit = asked[digits.len()..].trim().to_ascii_uppercase();
    let factor = match unit.trim_end_matches("IB").trim_end_matches('B') {
        "" => Some(1),
        "K" => Some(1 << 10),
        "M" => Some(1 << 20),
        "G" => Some(1 << 30),
        "T" => Some(1_u64 << 40),
        _ => None,
    };
    match (digits.parse::<u64>(), factor) {
        (Ok(percent @ 1..=100), _) if unit == "%" => Ok(share(percent)),
        (Ok(number @ 1..), Some(factor)) if number.checked_mul(factor).is_some() => Ok(Some(number * factor)),
        _ => bail!(
            "KILN_MEMORY is `{asked}`, which is no amount of memory\nhelp: `8G` and `500M` are amounts, `50%` is a share of what is free, `none` is no limit"
        ),
    }
}

/// What is free for this process: of the machine, and of the control group that it runs in.
fn free() -> Option<u64> {
    let about = std::fs::read_to_string("/proc/meminfo").ok()?;
    let line = about.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    let machine = line.trim().trim_end_matches("kB").trim().parse::<u64>().ok()? * 1024;
    Some(free_in_group(Path::new("/sys/fs/cgroup")).map_or(machine, |group| group.min(machine)))
}

fn free_in_group(group: &Path) -> Option<u64> {
    let number = |name: &str| std::fs::read_to_string(group.join(name)).ok()?.trim().parse::<u64>().ok();
    // Pages of files are given back when memory is short.
    let files = std::fs::read_to_string(group.join("memory.stat")).ok().and_then(|stat| {
        stat.lines().find_map(|line| line.strip_prefix("inactive_file "))?.parse::<u64>().ok()
    });
    let taken = number("memory.current")?.saturating_sub(files.unwrap_or(0));
    Some(number("memory.max")?.saturating_sub(taken))
}

/// The memory that a process really takes.
fn resident(process: u32) -> Option<u64> {
    let about = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = about.lines().find_map(|line| line.strip_prefix("RssAnon:"))?;
    Some(line.trim().trim_end_matches("kB").trim().parse::<u64>().ok()? * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Amounts, shares and nonsense.
    #[test]
    fn limits_are_amounts_or_shares() -> Result<()> {
        let free = Some(1000);
        assert_eq!(parse("", free)?, Some(800));
        assert_eq!(parse("50%", free)?, Some(500));
        assert_eq!(parse("2G", free)?, Some(2 << 30));
        assert_eq!(parse("300 MB", free)?, Some(300 << 20));
        assert_eq!(parse("1 GiB", None)?, Some(1 << 30));
        assert_eq!(parse("none", free)?, None);
        assert_eq!(parse("", None)?, None);
        for wrong in ["much", "0", "-1G", "200%", "3X"] {
            assert!(parse(wrong, free).is_err_and(|error| error.to_string().contains("50%")), "{wrong}");
        }
        Ok(())
    }

    /// This process takes memory, and there is some.
    #[test]
    fn memory_is_read() {
        assert!(resident(std::process::id()).is_some_and(|taken| taken > 100_000));
        assert!(free().is_some_and(|free| free > 1_000_000));
        assert_eq!(readable(1_234_000_000), "1.2 GB");
    }
}
