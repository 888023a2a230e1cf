//! `kiln doctor`: what is here, what is missing, and what adds it.

use anyhow::Result;

pub(super) fn main() -> Result<()> {
    Ok(())
}
