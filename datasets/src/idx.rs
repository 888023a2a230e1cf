//! The IDX format of the MNIST family, gzip'ed: a magic number, the dimensions, then the values.
//!
//! The magic number is four bytes: two zeros, a code of the value's type, the number of dimensions. Each dimension is
//! a big-endian `u32`, and the values follow in row-major order with nothing behind them. This module reads and writes
//! unsigned bytes (type code 0x08), which is all that the MNIST family uses.
//!
//! Format: Yann LeCun, *The MNIST database of handwritten digits*, section "File formats".

use std::fs::File;
use std::io::{BufReader, ErrorKind, Read, Write};
use std::path::Path;

use flate2::Compression;
use flate2::bufread::MultiGzDecoder;
use flate2::write::GzEncoder;

use crate::{Error, Result};

/// The most values that a file may declare: 2^30, twenty times the training images of Fashion-MNIST.
pub const MAX_VALUES: usize = 1 << 30;

const UNSIGNED_BYTE: u8 = 0x08;
/// Deflate shrinks nothing further than this, so a small file cannot ask for much memory up front.
const DEFLATE_RATIO: usize = 1032;

/// An array of unsigned bytes in row-major order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Array {
    /// The length of each dimension, the outermost first.
    pub shape: Vec<usize>,
    /// The values; as many as the product of the dimensions.
    pub values: Vec<u8>,
}

/// Reads a gzip'ed IDX file of unsigned bytes.
///
/// # Errors
/// A file that cannot be read, is no gzip or damaged, starts with another magic number, holds values of another type,
/// declares more than [`MAX_VALUES`] values, or holds fewer or more than it declares. The error names the file.
///
/// # Example
/// ```
/// use kiln_datasets::idx;
/// let path = std::env::temp_dir().join(format!("idx-example-{}.gz", std::process::id()));
/// idx::write(&path, &[2, 3], &[1, 2, 3, 4, 5, 6])?;
/// let array = idx::read(&path)?;
/// assert_eq!(array.shape, [2, 3]);
/// assert_eq!(array.values, [1, 2, 3, 4, 5, 6]);
/// # std::fs::remove_file(path).ok();
/// # Ok::<(), kiln_datasets::Error>(())
/// ```
pub fn read(path: impl AsRef<Path>) -> Result<Array> {
    let path = path.as_ref();
    let open = || -> Result<Array> {
        let file = File::open(path).map_err(|error| Error::new(format!("cannot be opened: {error}")))?;
        let metadata = file.metadata().map_err(|error| Error::new(format!("cannot be read: {error}")))?;
        if metadata.is_dir() {
            return Err(Error::new("is a directory, not a gzip'ed IDX file"));
        }
        let compressed = usize::try_from(metadata.len()).unwrap_or(usize::MAX);
        decode_reader(BufReader::with_capacity(1 << 16, file), compressed)
    };
    open().map_err(|error| error.at(path.display()))
}

/// Reads a gzip'ed IDX file of unsigned bytes that is in memory already.
///
/// # Errors
/// As [`read`], without a file's name.
pub fn decode(bytes: &[u8]) -> Result<Array> {
    decode_reader(bytes, bytes.len())
}

/// Writes a gzip'ed IDX file of unsigned bytes; the same array gives the same bytes.
///
/// # Errors
/// A shape that does not fit the number of values, or a place that cannot be written.
pub fn write(path: impl AsRef<Path>, shape: &[usize], values: &[u8]) -> Result<()> {
    let path = path.as_ref();
    let bytes = encode(shape, values).map_err(|error| error.at(path.display()))?;
    std::fs::write(path, bytes)
        .map_err(|error| Error::new(format!("cannot be written: {error}")).at(path.display()))
}

/// The bytes of a gzip'ed IDX file of unsigned bytes.
///
/// # Errors
/// A shape that does not fit the number of values, or a dimension that the format cannot hold.
pub fn encode(shape: &[usize], values: &[u8]) -> Result<Vec<u8>> {
    if count(shape) != Some(values.len()) {
        return Err(Error::new(format!("shape {shape:?} does not fit {} values", values.len())));
    }
    let rank = u8::try_from(shape.len())
        .map_err(|_| Error::new(format!("{} dimensions: IDX holds at most 255", shape.len())))?;
    let mut content = vec![0, 0, UNSIGNED_BYTE, rank];
    for &length in shape {
        let length = u32::try_from(length)
            .map_err(|_| Error::new(format!("a dimension of {length}: IDX holds at most {}", u32::MAX)))?;
        content.extend(length.to_be_bytes());
    }
    let compress = || {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(&content)?;
        encoder.write_all(values)?;
        encoder.finish()
    };
    compress().map_err(|error| Error::new(format!("cannot be compressed: {error}")))
}

fn decode_reader(mut compressed: impl std::io::BufRead, compressed_length: usize) -> Result<Array> {
    let start = compressed.fill_buf().map_err(|error| Error::new(format!("cannot be read: {error}")))?;
    match start {
        [0x1f, 0x8b, ..] => {}
        [] => return Err(Error::new("the file is empty, not a gzip'ed IDX file")),
        [0, 0, _, _, ..] => {
            return Err(Error::new(
                "starts like an IDX file that is not compressed; a gzip'ed one is expected",
            )
            .with_help("compress it with gzip"));
        }
        _ => {
            let found: Vec<String> = start.iter().take(2).map(|byte| format!("{byte:02x}")).collect();
            return Err(Error::new(format!(
                "not a gzip file: it starts with {}, gzip with 1f 8b",
                found.join(" ")
            )));
        }
    }

    let mut content = MultiGzDecoder::new(compressed);
    let magic: [u8; 4] = read_exactly(&mut content, "the magic number")?;
    if magic[0] != 0 || magic[1] != 0 {
        return Err(Error::new(format!(
            "wrong magic number {:02x} {:02x} {:02x} {:02x}: an IDX file of unsigned bytes starts with 00 00 08",
            magic[0], magic[1], magic[2], magic[3]
        )));
    }
    if magic[2] != UNSIGNED_BYTE {
        return Err(Error::new(format!(
            "holds {} (type code 0x{:02x}), but unsigned bytes (type code 0x08) are expected",
            type_name(magic[2]),
            magic[2]
        )));
    }
    let mut shape = Vec::with_capacity(usize::from(magic[3]));
    for dimension in 0..magic[3] {
        let what = format!("dimension {} of {}", dimension + 1, magic[3]);
        let length = u32::from_be_bytes(read_exactly(&mut content, &what)?);
        shape.push(usize::try_from(length).unwrap_or(usize::MAX));
    }
    let declared = count(&shape).filter(|&values| values <= MAX_VALUES).ok_or_else(|| {
        Error::new(format!("declares shape {shape:?}, more than the {MAX_VALUES} values that are accepted"))
    })?;

    let mut values = Vec::with_capacity(declared.min(compressed_length.saturating_mul(DEFLATE_RATIO)));
    // One byte more than declared shows a file that is too long, and reads gzip's check sum of one that is not.
    let limit = u64::try_from(declared).unwrap_or(u64::MAX).saturating_add(1);
    content.take(limit).read_to_end(&mut values).map_err(|error| damage(&error, values.len(), declared))?;
    if values.len() < declared {
        return Err(Error::new(format!(
            "shape {shape:?} needs {declared} values, but the file holds only {}",
            values.len()
        )));
    }
    if values.len() > declared {
        return Err(Error::new(format!(
            "shape {shape:?} needs {declared} values, but the file holds more than that"
        )));
    }
    Ok(Array { shape, values })
}

fn count(shape: &[usize]) -> Option<usize> {
    shape.iter().try_fold(1_usize, |product, &length| product.checked_mul(length))
}

fn read_exactly<const N: usize>(content: &mut impl Read, what: &str) -> Result<[u8; N]> {
    let mut bytes = [0; N];
    match content.read_exact(&mut bytes) {
        Ok(()) => Ok(bytes),
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => {
            Err(Error::new(format!("the file ends within {what}")))
        }
        Err(error) => Err(Error::new(format!("the gzip stream is damaged within {what}: {error}"))),
    }
}

fn damage(error: &std::io::Error, found: usize, declared: usize) -> Error {
    if error.kind() == ErrorKind::UnexpectedEof {
        return Error::new(format!(
            "the file is truncated: the gzip stream ends after {found} of {declared} values"
        ));
    }
    if found == declared {
        return Error::new(format!("the gzip stream is damaged behind its {declared} values: {error}"));
    }
    Error::new(format!("the gzip stream is damaged after {found} of {declared} values: {error}"))
}

fn type_name(code: u8) -> &'static str {
    match code {
        0x09 => "signed bytes",
        0x0b => "16-bit integers",
        0x0c => "32-bit integers",
        0x0d => "32-bit floats",
        0x0e => "64-bit floats",
        _ => "values of an unknown type",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gzip(content: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(content).unwrap();
        encoder.finish().unwrap()
    }

    fn message(bytes: &[u8]) -> String {
        decode(bytes).unwrap_err().to_string()
    }

    #[test]
    fn what_is_written_is_read() {
        for shape in [vec![], vec![0], vec![7], vec![2, 3, 4], vec![0, 28, 28]] {
            let values: Vec<u8> = (0..shape.iter().product::<usize>()).map(|value| value as u8).collect();
            let array = decode(&encode(&shape, &values).unwrap()).unwrap();
            assert_eq!(array, Array { shape, values });
        }
    }

    #[test]
    fn no_gzip_is_named() {
        assert!(message(b"").contains("empty"));
        assert!(message(b"PK\x03\x04").contains("starts with 50 4b, gzip with 1f 8b"));
        assert!(message(b"x").contains("starts with 78"));
        assert!(message(&[0, 0, 8, 1, 0, 0, 0, 1, 5]).contains("not compressed"));
    }

    /// Cut at every length, a file gives an error and no panic.
    #[test]
    fn a_file_cut_anywhere_is_an_error() {
        let bytes = encode(&[3, 5], &[9; 15]).unwrap();
        for length in 0..bytes.len() {
            assert!(decode(&bytes[..length]).is_err(), "cut at {length}");
        }
    }

    #[test]
    fn a_truncated_stream_says_how_much_there_is() {
        let values: Vec<u8> = (0..10_000_u32).map(|value| (value * 7919 % 251) as u8).collect();
        let bytes = encode(&[10_000], &values).unwrap();
        let text = message(&bytes[..bytes.len() / 2]);
        assert!(text.contains("truncated") && text.contains("of 10000 values"), "{text}");
    }

    /// No byte that is turned over is taken for good, but for the header's unused fields (time, system, level).
    #[test]
    fn a_turned_byte_is_an_error_or_harmless() {
        let good = Array { shape: vec![40], values: (0..40).collect() };
        let bytes = encode(&good.shape, &good.values).unwrap();
        for position in 0..bytes.len() {
            let mut damaged = bytes.clone();
            damaged[position] ^= 0x55;
            if let Ok(array) = decode(&damaged) {
                assert!((3..10).contains(&position), "byte {position}");
                assert_eq!(array, good);
            }
        }
    }

    #[test]
    fn a_wrong_magic_number_is_shown() {
        assert!(message(&gzip(&[1, 2, 8, 1])).contains("01 02 08 01"));
        assert!(message(&gzip(&[0, 0])).contains("ends within the magic number"));
        assert!(message(&gzip(&[0, 0, 8, 2, 0, 0, 0, 1])).contains("ends within dimension 2 of 2"));
    }

    #[test]
    fn another_type_is_named() {
        assert!(message(&gzip(&[0, 0, 0x0d, 1, 0, 0, 0, 0])).contains("32-bit floats (type code 0x0d)"));
        assert!(message(&gzip(&[0, 0, 0x77, 1, 0, 0, 0, 0])).contains("unknown type (type code 0x77)"));
    }

    #[test]
    fn a_wrong_length_is_named() {
        let short = message(&gzip(&[0, 0, 8, 1, 0, 0, 0, 3, 1, 2]));
        assert!(short.contains("needs 3 values, but the file holds only 2"), "{short}");
        let long = message(&gzip(&[0, 0, 8, 1, 0, 0, 0, 3, 1, 2, 3, 4]));
        assert!(long.contains("needs 3 values, but the file holds more"), "{long}");
        let mut trailing = encode(&[3], &[1, 2, 3]).unwrap();
        trailing.extend(b"rubbish");
        assert!(decode(&trailing).is_err());
    }

    /// A header that declares everything there is allocates nothing: the limit and the product are checked first.
    #[test]
    fn a_huge_declaration_is_refused() {
        let mut content = vec![0, 0, 8, 4];
        content.extend([0xff; 16]);
        assert!(message(&gzip(&content)).contains("more than the 1073741824 values"));
        let mut content = vec![0, 0, 8, 1];
        content.extend(((MAX_VALUES + 1) as u32).to_be_bytes());
        assert!(message(&gzip(&content)).contains("more than the 1073741824 values"));
        let mut content = vec![0, 0, 8, 1];
        content.extend((MAX_VALUES as u32).to_be_bytes());
        assert!(message(&gzip(&content)).contains("holds only 0"));
    }

    #[test]
    fn a_shape_that_does_not_fit_is_not_written() {
        assert!(encode(&[2, 2], &[1, 2, 3]).unwrap_err().what().contains("[2, 2]"));
    }

    #[test]
    fn a_directory_or_a_missing_file_is_named() {
        let directory = std::env::temp_dir();
        assert!(read(&directory).unwrap_err().what().contains("directory"));
        let missing = directory.join("no-such-file.gz");
        let error = read(&missing).unwrap_err();
        assert_eq!(error.place(), Some(missing.display().to_string().as_str()));
    }
}
