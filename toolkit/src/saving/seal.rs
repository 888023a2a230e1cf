//! A checksum behind the end of HDF5 files that we write: the format itself would take a damaged number for a number.
//!
//! HDF5 does not look behind its end, so that Keras reads these files as any others, and drops the checksum when it changes
//! one.

use crate::{Error, Result};

const MARK: &[u8] = b"\nkiln crc32 ";

/// The CRC-32 of these bytes.
pub(super) fn crc(bytes: &[u8]) -> u32 {
    let mut crc = flate2::Crc::new();
    crc.update(bytes);
    crc.sum()
}

/// The bytes with their checksum.
pub(super) fn sealed(mut bytes: Vec<u8>) -> Vec<u8> {
    let crc = crc(&bytes);
    bytes.extend_from_slice(MARK);
    bytes.extend_from_slice(&crc.to_le_bytes());
    bytes
}

/// The bytes without their checksum, if they have one.
///
/// # Errors
/// When it is not that of the bytes.
pub(super) fn opened(mut bytes: Vec<u8>) -> Result<Vec<u8>> {
    let Some((rest, given)) = bytes.split_last_chunk::<4>() else { return Ok(bytes) };
    let Some(content) = rest.strip_suffix(MARK) else { return Ok(bytes) };
    if crc(content) != u32::from_le_bytes(*given) {
        return Err(Error::file(
            "the file is damaged: its content does not have the checksum that it was written with",
        )
        .with_help("a copy of it may be whole"));
    }
    let length = content.len();
    bytes.truncate(length);
    Ok(bytes)
}
