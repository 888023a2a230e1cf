//! The numbers that fixtures and tests compute alike, to the bit; `tests/oracle/formula.py` states the recipe.

use kiln::prelude::*;

/// A 32-bit hash of (seed, index).
pub(crate) fn mix(seed: u32, index: u32) -> u32 {
    let x = index
        .wrapping_mul(0x9E37_79B1)
        .wrapping_add(seed.wrapping_mul(0x85EB_CA77))
        .wrapping_add(0x1656_67B1);
    let x = (x ^ (x >> 16)).wrapping_mul(0x7FEB_352D);
    let x = (x ^ (x >> 15)).wrapping_mul(0x846C_A68B);
    x ^ (x >> 16)
}

/// An array uniform in offset ± limit.
pub(crate) fn fill(shape: &[usize], seed: u32, limit: f64, offset: f64) -> Tensor {
    let count = shape.iter().product::<usize>();
    let unit = |index: usize| (f64::from(mix(seed, index as u32) >> 8) - 8_388_608.0) / 8_388_608.0;
    Tensor::from_vec((0..count).map(|index| (offset + unit(index) * limit) as f32).collect(), shape)
        .expect("the shape has that many elements")
}

/// The formula's images [count, 28, 28].
pub(crate) fn images(count: usize) -> Tensor {
    let mut bytes = Vec::with_capacity(count * 784);
    for sample in 0..count as u32 {
        for pixel in 0..784 {
            let (row, column) = (pixel / 28, pixel % 28);
            let shape = mix(12, class(sample) * 49 + 7 * (row / 4) + column / 4) >> 24;
            let noise = mix(13, 784 * sample + pixel) >> 24;
            bytes.push(if shape >= 128 { (2 * shape + 3 * noise) / 5 } else { noise / 4 } as u8);
        }
    }
    Tensor::from_bytes(bytes, 255.0, [count, 28, 28]).expect("the shape has that many elements")
}

fn class(sample: u32) -> u32 {
    mix(11, sample) % 10
}

/// The class label of a sample: one in eight is random.
pub(crate) fn label(sample: u32) -> u32 {
    if mix(14, sample).is_multiple_of(8) { mix(15, sample) % 10 } else { class(sample) }
}

/// The regression target of a sample.
pub(crate) fn target(sample: u32) -> f32 {
    (f64::from(64 * label(sample) + (mix(16, sample) >> 24)) / 416.0 - 1.0) as f32
}

/// The known answers that `tests/oracle/README.md` states.
#[test]
fn the_formula_gives_its_known_answers() {
    assert_eq!([mix(1, 0), mix(1, 1), mix(1, 2)], [2_609_043_695, 1_075_136_406, 152_532_919]);
    let values = fill(&[3], 1, 0.5, 0.0).to_vec();
    assert_eq!(values, [0.107_465_27, -0.249_675_33, -0.464_485_7]);
    let labels: Vec<u32> = (0..10).map(label).collect();
    assert_eq!(labels, [1, 3, 9, 7, 5, 1, 6, 3, 6, 3]);
    let pixels: Vec<f32> =
        images(1).to_vec()[14 * 28..14 * 28 + 4].iter().map(|pixel| pixel * 255.0).collect();
    assert_eq!(pixels.iter().map(|pixel| pixel.round() as u8).collect::<Vec<_>>(), [23, 26, 10, 62]);
}
