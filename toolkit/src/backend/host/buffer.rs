//! Memory of host tensors: aligned buffers that go back to a pool when they are dropped.
//!
//! A fresh large allocation costs a page fault every 4 KiB, at each training step anew. A buffer that is dropped stays
//! with the thread that dropped it and serves the next request of that size.
#![allow(unsafe_code)] // `Lane` is declared plain data, see there.

use bytemuck::{Pod, Zeroable};
use std::cell::RefCell;

/// 64 bytes at an address divisible by 64: one cache line, one AVX-512 register.
#[derive(Clone, Copy)]
#[repr(C, align(64))]
struct Lane([u8; 64]);

// SAFETY: an array of bytes as large as its alignment: no padding, every bit pattern valid.
unsafe impl Zeroable for Lane {}
// SAFETY: as above.
unsafe impl Pod for Lane {}

/// Bytes that one thread keeps for reuse at most.
const KEPT_BYTES: usize = 256 << 20;

/// `len` numbers of a plain type in aligned, pooled memory.
pub(crate) struct Buffer {
    lanes: Vec<Lane>,
    len: usize,
}

impl Buffer {
    /// A buffer for `len` numbers whose content is arbitrary: the caller writes all of it.
    pub(crate) fn for_writing<T: Pod>(len: usize) -> Self {
        let lanes = (len * size_of::<T>()).div_ceil(size_of::<Lane>());
        let lanes = take(lanes).unwrap_or_else(|| bytemuck::zeroed_vec(lanes));
        Self { lanes, len }
    }

    /// A buffer with a copy of these numbers.
    pub(crate) fn copy_of<T: Pod>(values: &[T]) -> Self {
        let mut buffer = Self::for_writing::<T>(values.len());
        buffer.as_mut_slice().copy_from_slice(values);
        buffer
    }

    pub(crate) fn as_slice<T: Pod>(&self) -> &[T] {
        &bytemuck::cast_slice(&self.lanes)[..self.len]
    }

    pub(crate) fn as_mut_slice<T: Pod>(&mut self) -> &mut [T] {
        &mut bytemuck::cast_slice_mut(&mut self.lanes)[..self.len]
    }
}

impl Clone for Buffer {
    fn clone(&self) -> Self {
        let mut lanes = take(self.lanes.len()).unwrap_or_else(|| bytemuck::zeroed_vec(self.lanes.len()));
        lanes.copy_from_slice(&self.lanes);
        Self { lanes, len: self.len }
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        let lanes = std::mem::take(&mut self.lanes);
        // A thread that is ending has no pool any more: then the memory is freed.
        let _ = POOL.try_with(|pool| pool.borrow_mut().give(lanes));
    }
}

thread_local! {
    static POOL: RefCell<Pool> = const { RefCell::new(Pool { shelves: Vec::new(), bytes: 0 }) };
}

fn take(lanes: usize) -> Option<Vec<Lane>> {
    POOL.try_with(|pool| pool.borrow_mut().take(lanes)).ok().flatten()
}

/// Free buffers by size, the sizes in ascending order.
struct Pool {
    shelves: Vec<(usize, Vec<Vec<Lane>>)>,
    bytes: usize,
}

impl Pool {
    fn take(&mut self, lanes: usize) -> Option<Vec<Lane>> {
        let shelf = self.shelves.binary_search_by_key(&lanes, |shelf| shelf.0).ok()?;
        let buffer = self.shelves[shelf].1.pop()?;
        self.bytes -= lanes * size_of::<Lane>();
        Some(buffer)
    }

    fn give(&mut self, buffer: Vec<Lane>) {
        let lanes = buffer.len();
        let bytes = lanes * size_of::<Lane>();
        if lanes == 0 || bytes > KEPT_BYTES / 4 {
            return;
        }
        if self.bytes + bytes > KEPT_BYTES {
            // Sizes of an earlier model may fill the pool: begin anew.
            self.shelves.clear();
            self.bytes = 0;
        }
        self.bytes += bytes;
        match self.shelves.binary_search_by_key(&lanes, |shelf| shelf.0) {
            Ok(shelf) => self.shelves[shelf].1.push(buffer),
            Err(place) => self.shelves.insert(place, (lanes, vec![buffer])),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dropped_buffer_serves_the_next_request() {
        let first = Buffer::copy_of(&[1.0_f32; 1000]);
        let address = first.as_slice::<f32>().as_ptr();
        drop(first);
        let second = Buffer::for_writing::<f64>(500);
        assert_eq!(second.as_slice::<f64>().as_ptr().cast(), address);
        assert_eq!(address as usize % 64, 0);
    }
}
