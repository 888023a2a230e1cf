//! Methods of the standard library's types that people use in notebooks, for completion.
//!
//! rust-analyzer would know all of them from the standard library's sources, which cost seconds at every start and are not
//! read here. The type of what stands before the dot comes from the compiler; these lists are what is offered for it.

/// The methods for a type, by its path as the compiler writes it.
pub(super) fn of(ty: &str) -> Vec<&'static str> {
    let mut ty = ty;
    while let Some(borrowed) = ty.strip_prefix('&') {
        ty = match borrowed.strip_prefix('\'') {
            Some(lifetime) => lifetime.trim_start_matches(|c: char| c.is_alphanumeric() || c == '_'),
            None => borrowed,
        };
        ty = ty.trim_start().trim_start_matches("mut ");
    }
    let path = ty.split('<').next().unwrap_or(ty);
    let lists: &[&str] = match path {
        "std::vec::Vec" => &[VEC, SLICE, COMMON],
        "std::string::String" => &[STRING, STR, COMMON],
        "str" => &[STR, COMMON],
        "std::option::Option" => &[OPTION, COMMON],
        "std::result::Result" => &[RESULT, COMMON],
        "std::collections::HashMap" | "std::collections::BTreeMap" => &[MAP, COMMON],
        "std::collections::HashSet" | "std::collections::BTreeSet" => &[SET, COMMON],
        "f64" | "f32" => &[NUMBER, FLOAT, COMMON],
        "i8" | "i16" | "i32" | "i64" | "i128" | "isize" | "u8" | "u16" | "u32" | "u64" | "u128" | "usize" => {
            &[NUMBER, INTEGER, COMMON]
        }
        _ if ty.starts_with('[') => &[SLICE, COMMON],
        _ if is_iterator(path) => &[ITERATOR],
        _ => &[],
    };
    lists.iter().flat_map(|list| list.split_whitespace()).collect()
}

fn is_iterator(path: &str) -> bool {
    let modules = [
        "std::iter::",
        "std::slice::Iter",
        "std::slice::Chunks",
        "std::slice::Windows",
        "std::vec::IntoIter",
    ];
    let others =
        ["std::ops::Range", "std::str::Chars", "std::str::Lines", "std::str::Split", "std::array::IntoIter"];
    let of_collections = ["Iter", "IterMut", "IntoIter", "Keys", "Values", "ValuesMut"];
    modules.iter().chain(&others).any(|start| path.starts_with(start))
        || (path.starts_with("std::collections::")
            && path.rsplit("::").next().is_some_and(|last| of_collections.contains(&last)))
}

const COMMON: &str = "clone eq ne to_owned into";
const VEC: &str = "append capacity clear dedup drain extend insert pop push remove reserve resize retain split_off \
    swap_remove truncate";
const SLICE: &str = "as_slice binary_search chunks chunks_exact concat contains ends_with fill first get get_mut into_iter \
    is_empty is_sorted iter iter_mut join last len partition_point repeat reverse rotate_left rotate_right sort sort_by \
    sort_by_key sort_unstable sort_unstable_by split_at split_first split_last starts_with swap to_vec windows";
const STRING: &str = "as_str clear insert insert_str pop push push_str remove truncate";
const STR: &str = "as_bytes bytes char_indices chars contains ends_with find is_empty len lines matches parse repeat replace \
    rfind rsplit split split_once split_whitespace splitn starts_with strip_prefix strip_suffix to_lowercase to_string \
    to_uppercase trim trim_end trim_start";
const OPTION: &str = "and and_then as_deref as_mut as_ref cloned copied expect filter flatten get_or_insert_with insert \
    is_none is_some is_some_and iter map map_or map_or_else ok_or ok_or_else or or_else replace take unwrap unwrap_or \
    unwrap_or_default unwrap_or_else zip";
const RESULT: &str = "and_then as_mut as_ref err expect is_err is_ok is_ok_and iter map map_err map_or map_or_else ok or_else \
    unwrap unwrap_err unwrap_or unwrap_or_default unwrap_or_else";
const MAP: &str = "clear contains_key entry extend get get_mut insert into_iter is_empty iter iter_mut keys len remove retain \
    values values_mut";
const SET: &str = "clear contains difference extend insert intersection into_iter is_empty is_subset iter len remove retain \
    symmetric_difference union";
const NUMBER: &str = "abs clamp max min rem_euclid signum to_string";
const FLOAT: &str = "acos asin atan atan2 ceil cos cosh exp exp2 exp_m1 floor fract hypot is_finite is_infinite is_nan ln \
    ln_1p log log10 log2 mul_add powf powi recip round sin sin_cos sinh sqrt tan tanh to_bits to_degrees to_radians total_cmp trunc";
const INTEGER: &str = "abs_diff checked_add checked_div checked_mul checked_sub count_ones div_euclid is_power_of_two isqrt \
    leading_zeros overflowing_add pow saturating_add saturating_sub trailing_zeros wrapping_add wrapping_mul wrapping_sub";
const ITERATOR: &str = "all any chain cloned collect copied count cycle enumerate eq filter filter_map find find_map flat_map \
    flatten fold for_each inspect last map map_while max max_by max_by_key min min_by min_by_key next nth partition peekable \
    position product reduce rev scan size_hint skip skip_while step_by sum take take_while try_fold unzip zip";

#[cfg(test)]
mod tests {
    use super::*;

    /// The path decides, whatever its parameters are and however it is borrowed.
    #[test]
    fn types_have_their_methods() {
        for (ty, method) in [
            ("std::vec::Vec<std::string::String>", "push"),
            ("&std::vec::Vec<f64>", "iter"),
            ("&mut [f64]", "sort_by"),
            ("&'static str", "trim"),
            ("std::iter::Map<std::slice::Iter<'_, f64>, {closure}>", "collect"),
            ("std::collections::hash_map::Keys<'_, i32, i32>", "filter"),
            ("std::ops::Range<usize>", "map"),
            ("f64", "sqrt"),
            ("usize", "checked_sub"),
        ] {
            assert!(of(ty).contains(&method), "{ty}.{method}");
        }
        assert!(of("kiln::Tensor").is_empty());
        assert!(!of("f64").contains(&"checked_sub"));
    }
}
