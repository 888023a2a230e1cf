//! A minimal PNG encoder for image mosaics and heat maps, and base64 for data addresses.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::ZlibEncoder;

use super::scene::Raster;

/// Encodes as grey, grey with alpha, RGB or RGBA, whichever is the smallest that holds the image.
pub fn encode(raster: &Raster) -> Vec<u8> {
    encode_with(raster, Compression::best())
}

/// [`encode`] for whole pictures: rows that repeat cost nothing, and the rest little time.
#[cfg(feature = "render")]
pub fn encode_fast(raster: &Raster) -> Vec<u8> {
    encode_with(raster, Compression::new(4))
}

fn encode_with(raster: &Raster, effort: Compression) -> Vec<u8> {
    let pixels = || raster.rgba.chunks_exact(4);
    let opaque = pixels().all(|p| p[3] == 255);
    let grey = pixels().all(|p| p[0] == p[1] && p[1] == p[2]);
    let (color_type, channels): (u8, &[usize]) = match (grey, opaque) {
        (true, true) => (0, &[0]),
        (true, false) => (4, &[0, 3]),
        (false, true) => (2, &[0, 1, 2]),
        (false, false) => (6, &[0, 1, 2, 3]),
    };
    let mut data = Vec::with_capacity(raster.rgba.len());
    let mut before: &[u8] = &[];
    for row in raster.rgba.chunks_exact(raster.width.max(1) * 4) {
        if row == before {
            // "As the row above": nothing but zeros.
            data.push(2);
            data.resize(data.len() + raster.width * channels.len(), 0);
        } else {
            data.push(0);
            for pixel in row.chunks_exact(4) {
                data.extend(channels.iter().map(|&c| pixel[c]));
            }
        }
        before = row;
    }
    let mut header = Vec::with_capacity(13);
    header.extend((raster.width as u32).to_be_bytes());
    header.extend((raster.height as u32).to_be_bytes());
    header.extend([8, color_type, 0, 0, 0]);

    let mut out = b"\x89PNG\r\n\x1a\n".to_vec();
    chunk(&mut out, b"IHDR", &header);
    chunk(&mut out, b"IDAT", &pack(&data, effort));
    chunk(&mut out, b"IEND", &[]);
    out
}

/// zlib's format. Writing to a vector cannot fail.
pub fn deflate(data: &[u8]) -> Vec<u8> {
    pack(data, Compression::best())
}

fn pack(data: &[u8], effort: Compression) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), effort);
    let _ = encoder.write_all(data);
    encoder.finish().unwrap_or_default()
}

/// The image as `data:image/png;base64,...`.
pub fn data_uri(raster: &Raster) -> String {
    format!("data:image/png;base64,{}", base64(&encode(raster)))
}

fn chunk(out: &mut Vec<u8>, kind: &[u8; 4], data: &[u8]) {
    out.extend((data.len() as u32).to_be_bytes());
    let start = out.len();
    out.extend(kind);
    out.extend(data);
    let mut crc = flate2::Crc::new();
    crc.update(&out[start..]);
    out.extend(crc.sum().to_be_bytes());
}

/// Standard base64 with padding.
pub fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for group in bytes.chunks(3) {
        let word = group.iter().enumerate().fold(0_u32, |w, (i, b)| w | u32::from(*b) << (16 - 8 * i));
        for i in 0..4 {
            if i <= group.len() {
                out.push(char::from(DIGITS[(word >> (18 - 6 * i)) as usize & 63]));
            } else {
                out.push('=');
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_pads() {
        assert_eq!(base64(b"Man"), "TWFu");
        assert_eq!(base64(b"Ma"), "TWE=");
        assert_eq!(base64(b"M"), "TQ==");
        assert_eq!(base64(b""), "");
    }

    /// Written by hand from the PNG specification: signature, IHDR of a 1x1 grey image.
    #[test]
    fn the_header_says_size_and_kind() {
        let png = encode(&Raster { width: 1, height: 1, rgba: vec![9, 9, 9, 255] });
        assert_eq!(&png[..8], b"\x89PNG\r\n\x1a\n");
        assert_eq!(&png[8..29], b"\0\0\0\x0dIHDR\0\0\0\x01\0\0\0\x01\x08\0\0\0\0");
    }
}
