//! A small team of threads for the host engine's loops.
//!
//! A training step of a small network has a dozen parallel sections of 10 to 100 µs. Waking a sleeping thread costs as
//! much as such a section, so the helpers wait actively for a moment after each section and sleep only when none
//! follows. The caller always works too and never waits for a helper that has not begun: on a busy machine a section
//! costs what it would cost alone.
//!
//! How the work is cut depends on its size only, never on the number of threads, so results are the same bytes for one
//! thread and for many.
#![allow(unsafe_code)] // A section borrows the caller's data; that helpers leave it in time is shown at `Team::run`.

use std::cell::UnsafeCell;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, OnceLock};
use std::thread::Thread;

/// How often a helper looks for work before it sleeps: some 0.5 ms, longer than what lies between two sections of a step.
const SPINS: usize = 40_000;

/// Calls `task(0)`, ..., `task(tasks - 1)`, each once, on this thread and on helpers; returns when all are done.
pub(crate) fn run(tasks: usize, task: &(dyn Fn(usize) + Sync)) {
    if tasks > 1
        && let Some(team) = team()
        && let Ok(_section) = team.section.try_lock()
    {
        team.run(tasks, task);
    } else {
        (0..tasks).for_each(task);
    }
}

/// Cuts `out` into `parts` runs of whole rows and calls `task(first_row, rows)` on each, in parallel.
pub(crate) fn rows_mut<T: Send>(
    out: &mut [T],
    row: usize,
    parts: usize,
    task: impl Fn(usize, &mut [T]) + Sync,
) {
    let rows = out.len().checked_div(row).unwrap_or(0);
    let parts = parts.clamp(1, rows.max(1));
    if parts == 1 {
        return task(0, out);
    }
    let shared = Shared::new(out);
    run(parts, &|part| {
        let (first, end) = (rows * part / parts, rows * (part + 1) / parts);
        // SAFETY: parts are disjoint and each is taken once.
        task(first, unsafe { shared.part(first * row, end * row) });
    });
}

/// Calls `task` for each block of two buffers with its number: the numbers of a block in each are given, and the last one
/// may be shorter.
pub(crate) fn blocks_mut<T: Send>(
    (a, a_block): (&mut [T], usize),
    (b, b_block): (&mut [T], usize),
    task: impl Fn(usize, &mut [T], &mut [T]) + Sync,
) {
    let blocks = a.len().div_ceil(a_block);
    assert!(blocks == b.len().div_ceil(b_block), "both buffers have as many blocks");
    let (a_len, b_len) = (a.len(), b.len());
    let (a, b) = (Shared::new(a), Shared::new(b));
    run(blocks, &|block| {
        let bounds = |size: usize, len: usize| (block * size, len.min((block + 1) * size));
        let ((a_first, a_end), (b_first, b_end)) = (bounds(a_block, a_len), bounds(b_block, b_len));
        // SAFETY: blocks are disjoint and each is taken once.
        let (a, b) = unsafe { (a.part(a_first, a_end), b.part(b_first, b_end)) };
        task(block, a, b);
    });
}

/// Like [`rows_mut`] with three buffers of equal length that are cut at the same places.
pub(crate) fn triples_mut<T: Send>(
    a: &mut [T],
    b: &mut [T],
    c: &mut [T],
    parts: usize,
    task: impl Fn(usize, &mut [T], &mut [T], &mut [T]) + Sync,
) {
    let len = a.len();
    assert!(b.len() == len && c.len() == len, "buffers of one update have one length");
    let (a, b, c) = (Shared::new(a), Shared::new(b), Shared::new(c));
    let parts = parts.clamp(1, len.max(1));
    run(parts, &|part| {
        let (first, end) = (len * part / parts, len * (part + 1) / parts);
        // SAFETY: parts are disjoint and each is taken once.
        unsafe { task(first, a.part(first, end), b.part(first, end), c.part(first, end)) };
    });
}

/// Like [`rows_mut`] with two buffers of equal length that are cut at the same places.
pub(crate) fn pairs_mut<T: Send>(
    a: &mut [T],
    b: &mut [T],
    parts: usize,
    task: impl Fn(usize, &mut [T], &mut [T]) + Sync,
) {
    let len = a.len();
    assert!(b.len() == len, "buffers of one update have one length");
    let (a, b) = (Shared::new(a), Shared::new(b));
    let parts = parts.clamp(1, len.max(1));
    run(parts, &|part| {
        let (first, end) = (len * part / parts, len * (part + 1) / parts);
        // SAFETY: parts are disjoint and each is taken once.
        unsafe { task(first, a.part(first, end), b.part(first, end)) };
    });
}

/// Like [`rows_mut`] with further buffers of equal length that are cut at the same places.
pub(crate) fn with_all_mut<T: Send, const N: usize>(
    out: &mut [T],
    others: [&mut [T]; N],
    parts: usize,
    task: impl Fn(usize, &mut [T], [&mut [T]; N]) + Sync,
) {
    let len = out.len();
    assert!(others.iter().all(|other| other.len() == len), "buffers of one update have one length");
    let (out, others) = (Shared::new(out), others.map(Shared::new));
    let parts = parts.clamp(1, len.max(1));
    run(parts, &|part| {
        let (first, end) = (len * part / parts, len * (part + 1) / parts);
        // SAFETY: parts are disjoint and each is taken once.
        let (out, others) =
            unsafe { (out.part(first, end), others.each_ref().map(|other| other.part(first, end))) };
        task(first, out, others);
    });
}

/// How many threads a section uses at most, this one included. `KILN_THREADS` sets it; else the number of cores.
pub(crate) fn threads() -> usize {
    static THREADS: OnceLock<usize> = OnceLock::new();
    *THREADS.get_or_init(|| {
        let wanted = std::env::var("KILN_THREADS").ok().and_then(|text| text.parse().ok());
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        wanted.unwrap_or(cores).clamp(1, 64)
    })
}

struct Shared<T> {
    start: *mut T,
    len: usize,
}

// SAFETY: only disjoint parts are handed out, each to one thread (see `part`).
unsafe impl<T: Send> Sync for Shared<T> {}

impl<T> Shared<T> {
    fn new(slice: &mut [T]) -> Self {
        Self { start: slice.as_mut_ptr(), len: slice.len() }
    }

    /// SAFETY: no two live parts overlap, and none outlives the slice.
    #[allow(clippy::mut_from_ref)]
    unsafe fn part(&self, first: usize, end: usize) -> &mut [T] {
        assert!(first <= end && end <= self.len);
        // SAFETY: within the slice, by the assertion; disjoint, by the caller.
        unsafe { std::slice::from_raw_parts_mut(self.start.add(first), end - first) }
    }
}

/// Bits of `Team::state`: how many helpers are inside, whether the section takes helpers, which section it is.
const OPEN: u64 = 1 << 16;
const ONE_SECTION: u64 = 1 << 17;
const INSIDE: u64 = OPEN - 1;

struct Team {
    section: Mutex<()>,
    state: AtomicU64,
    next: AtomicUsize,
    job: UnsafeCell<Option<Job>>,
    panicked: AtomicBool,
    sleepers: AtomicUsize,
    helpers: OnceLock<Vec<Thread>>,
}

#[derive(Clone, Copy)]
struct Job {
    tasks: usize,
    task: &'static (dyn Fn(usize) + Sync),
}

// SAFETY: `job` is written only by the holder of `section` while no helper is inside, and read only by helpers inside.
unsafe impl Sync for Team {}

fn team() -> Option<&'static Team> {
    static TEAM: OnceLock<Option<&'static Team>> = OnceLock::new();
    *TEAM.get_or_init(|| {
        let helpers = threads() - 1;
        if helpers == 0 {
            return None;
        }
        let team: &'static Team = Box::leak(Box::new(Team {
            section: Mutex::new(()),
            state: AtomicU64::new(0),
            next: AtomicUsize::new(0),
            job: UnsafeCell::new(None),
            panicked: AtomicBool::new(false),
            sleepers: AtomicUsize::new(0),
            helpers: OnceLock::new(),
        }));
        let spawn = |_| std::thread::Builder::new().name("kiln".into()).spawn(move || team.help()).ok();
        let started: Vec<Thread> =
            (0..helpers).filter_map(spawn).map(|handle| handle.thread().clone()).collect();
        let _ = team.helpers.set(started);
        Some(team)
    })
}

impl Team {
    /// Runs one section; the caller holds `section`.
    ///
    /// A helper enters by a compare-and-swap that requires the section to be open, and the caller returns only after it
    /// has closed the section and seen nobody inside: no helper touches the job afterwards, so its borrow may end.
    fn run(&self, tasks: usize, task: &(dyn Fn(usize) + Sync)) {
        // SAFETY: the extended borrow is used by helpers inside only, see above.
        let task: &'static (dyn Fn(usize) + Sync) = unsafe { std::mem::transmute(task) };
        let job = Job { tasks, task };
        // SAFETY: the section is closed and empty, so nobody reads the job.
        unsafe { *self.job.get() = Some(job) };
        self.next.store(0, Ordering::Relaxed);
        let section = (self.state.load(Ordering::Relaxed) & !(ONE_SECTION - 1)).wrapping_add(ONE_SECTION);
        self.state.store(section | OPEN, Ordering::SeqCst);
        if self.sleepers.load(Ordering::SeqCst) > 0 {
            self.helpers.get().into_iter().flatten().for_each(Thread::unpark);
        }
        let own = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| self.work(job)));
        self.state.fetch_and(!OPEN, Ordering::AcqRel);
        let mut turns = 0_u32;
        while self.state.load(Ordering::Acquire) & INSIDE != 0 {
            turns += 1;
            if turns.is_multiple_of(1024) { std::thread::yield_now() } else { std::hint::spin_loop() }
        }
        if let Err(panic) = own {
            std::panic::resume_unwind(panic);
        }
        assert!(!self.panicked.swap(false, Ordering::Relaxed), "a parallel task panicked");
    }

    fn work(&self, job: Job) {
        loop {
            let index = self.next.fetch_add(1, Ordering::Relaxed);
            if index >= job.tasks {
                return;
            }
            (job.task)(index);
        }
    }

    fn help(&self) {
        let mut last = 0;
        let mut idle = 0;
        loop {
            let state = self.state.load(Ordering::Acquire);
            let section = state & !(ONE_SECTION - 1);
            if state & OPEN != 0 && section != last {
                let entered =
                    self.state.compare_exchange(state, state + 1, Ordering::AcqRel, Ordering::Relaxed);
                if entered.is_err() {
                    continue;
                }
                last = section;
                idle = 0;
                // SAFETY: inside an open section, in which nobody writes the job.
                if let Some(job) = unsafe { *self.job.get() } {
                    let done = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| self.work(job)));
                    if done.is_err() {
                        self.panicked.store(true, Ordering::Relaxed);
                    }
                }
                self.state.fetch_sub(1, Ordering::AcqRel);
            } else if idle < SPINS {
                idle += 1;
                std::hint::spin_loop();
            } else {
                self.sleepers.fetch_add(1, Ordering::SeqCst);
                let state = self.state.load(Ordering::SeqCst);
                if state & OPEN == 0 || state & !(ONE_SECTION - 1) == last {
                    std::thread::park();
                }
                self.sleepers.fetch_sub(1, Ordering::SeqCst);
                idle = 0;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_task_runs_once_also_when_nested() {
        for _ in 0..2_000 {
            let counts: Vec<AtomicUsize> = (0..37).map(|_| AtomicUsize::new(0)).collect();
            run(37, &|outer| {
                run(3, &|_| {
                    counts[outer].fetch_add(1, Ordering::Relaxed);
                });
            });
            assert!(counts.iter().all(|count| count.load(Ordering::Relaxed) == 3));
        }
    }

    #[test]
    fn rows_are_cut_without_gap_or_overlap() {
        let mut out = vec![0_u32; 7 * 5];
        rows_mut(&mut out, 5, 3, |first, rows| {
            for (index, value) in rows.iter_mut().enumerate() {
                *value += (first * 5 + index) as u32;
            }
        });
        assert!(out.iter().enumerate().all(|(index, &value)| value == index as u32));
    }

    #[test]
    fn a_panic_reaches_the_caller_and_leaves_the_team_usable() {
        let result = std::panic::catch_unwind(|| run(8, &|index| assert!(index != 5)));
        assert!(result.is_err());
        run(8, &|_| {});
    }
}
