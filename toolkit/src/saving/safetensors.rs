//! Weights as `safetensors`: a JSON header with names, shapes and places, then the numbers. Each weight is found by its
//! address, such as `dense/kernel`; an optimizer has no place in it.

use super::hdf5::{from_bfloat, from_half};
use super::matching::{By, Stored, Values, Wanted, load};
use super::report::{LoadOptions, LoadReport};
use crate::models::Sequential;
use crate::tensor::{Shape, Tensor};
use crate::{Error, Result};
use serde_json::{Map, Value, json};

const METADATA: &str = "__metadata__";
/// Our own entry there: a damaged number is a number too, and the format would not notice.
const CHECKSUM: &str = "crc32";

fn checksum(numbers: &[u8]) -> String {
    format!("{:08x}", super::seal::crc(numbers))
}

/// The file of a model's weights.
pub(super) fn write(model: &Sequential) -> Result<Vec<u8>> {
    let mut header = Map::new();
    header.insert(METADATA.into(), Value::Null);
    let mut numbers = Vec::new();
    for (name, weight) in model.weight_names().into_iter().zip(model.get_weights()?) {
        let first = numbers.len();
        numbers.extend(weight.to_vec().into_iter().flat_map(f32::to_le_bytes));
        let entry =
            json!({"dtype": "F32", "shape": weight.shape().to_vec(), "data_offsets": [first, numbers.len()]});
        header.insert(name, entry);
    }
    header[METADATA] = json!({CHECKSUM: checksum(&numbers)});
    let mut header = Value::from(header).to_string();
    // The numbers begin at a multiple of 8.
    header.push_str(&" ".repeat(header.len().next_multiple_of(8) - header.len()));
    Ok([&(header.len() as u64).to_le_bytes(), header.as_bytes(), &numbers].concat())
}

/// Loads the weights of such a file.
pub(super) fn read(model: &mut Sequential, bytes: &[u8], options: LoadOptions) -> Result<LoadReport> {
    let one = |(name, values): (String, Tensor)| Stored {
        arrays: vec![Values::Read(name.clone(), values)],
        name: Some(name.clone()),
        key: name,
    };
    let stored = tensors(bytes)?.into_iter().map(one).collect();
    let want = |(index, name): (usize, String)| Wanted { key: name.clone(), name, weights: index..index + 1 };
    let wanted = model.weight_names().into_iter().enumerate().map(want).collect();
    load(model, stored, wanted, By::Key, options)
}

/// The tensors of a file. All its bytes must belong to exactly one of them.
fn tensors(bytes: &[u8]) -> Result<Vec<(String, Tensor)>> {
    let broken = |why: &str| Error::file(format!("the safetensors file is broken: {why}"));
    let (length, rest) = bytes.split_first_chunk::<8>().ok_or_else(|| broken("it has no header"))?;
    let length = usize::try_from(u64::from_le_bytes(*length)).unwrap_or(usize::MAX);
    if length > rest.len() {
        return Err(broken(&format!("its header of {length} bytes goes beyond its end")));
    }
    let (header, numbers) = rest.split_at(length);
    let header: Value =
        serde_json::from_slice(header).map_err(|error| broken(&format!("its header is no JSON: {error}")))?;
    let entries = header.as_object().ok_or_else(|| broken("its header is no object"))?;
    if let Some(given) = entries.get(METADATA).and_then(|metadata| metadata.get(CHECKSUM))
        && *given != checksum(numbers)
    {
        return Err(broken("its numbers do not have the checksum that they were written with"));
    }
    let mut places = Vec::new();
    let mut tensors = Vec::new();
    for (name, entry) in entries.iter().filter(|(name, _)| *name != METADATA) {
        let place = |why: &str| broken(&format!("`{name}` {why}"));
        let shape: Option<Vec<usize>> = list(&entry["shape"]);
        let shape = Shape::new(&shape.ok_or_else(|| place("has no shape"))?)
            .map_err(|error| place(&error.to_string()))?;
        let offsets = list(&entry["data_offsets"]).filter(|offsets| offsets.len() == 2);
        let offsets = offsets.ok_or_else(|| place("has no data_offsets"))?;
        let (first, end) = (offsets[0], offsets[1]);
        let own = numbers.get(first..end).ok_or_else(|| place("lies beyond the end of the file"))?;
        let values: Vec<f32> = match entry["dtype"].as_str().unwrap_or_default() {
            "F32" => own
                .chunks_exact(4)
                .map(|four| f32::from_le_bytes([four[0], four[1], four[2], four[3]]))
                .collect(),
            "F64" => own
                .chunks_exact(8)
                .map(|eight| f64::from_le_bytes(std::array::from_fn(|i| eight[i])) as f32)
                .collect(),
            "F16" => own.chunks_exact(2).map(|two| from_half(u16::from_le_bytes([two[0], two[1]]))).collect(),
            "BF16" => {
                own.chunks_exact(2).map(|two| from_bfloat(u16::from_le_bytes([two[0], two[1]]))).collect()
            }
            other => {
                return Err(place(&format!(
                    "has the number type `{other}`; F32, F64, F16 and BF16 can be read"
                )));
            }
        };
        let size = own.len().checked_div(values.len()).unwrap_or_default();
        if values.len() != shape.elements() || size * values.len() != own.len() {
            return Err(place(&format!("has {} bytes, which its shape {shape} does not fill", own.len())));
        }
        places.push((first, end));
        tensors.push((name.clone(), Tensor::from_vec(values, shape)?));
    }
    places.sort_unstable();
    let end = places.into_iter().try_fold(0, |before, (first, end)| (first == before).then_some(end));
    if end != Some(numbers.len()) {
        return Err(broken("its tensors overlap, or leave bytes out"));
    }
    Ok(tensors)
}

fn list(value: &Value) -> Option<Vec<usize>> {
    let size = |size: &Value| size.as_u64().and_then(|size| usize::try_from(size).ok());
    value.as_array()?.iter().map(size).collect()
}
