//! A clock that can be set.

use std::ffi::c_int;
use std::sync::atomic::{AtomicI64, Ordering::SeqCst};

static AHEAD: AtomicI64 = AtomicI64::new(0);

/// Sets the clock of this program so many seconds ahead of the system's; negative numbers set it back.
pub fn set_clock(ahead: i64) {
    // The program's calls must find ours, not the C library's.
    std::hint::black_box(clock_gettime as unsafe extern "C" fn(libc::clockid_t, *mut libc::timespec) -> c_int);
    AHEAD.store(ahead, SeqCst);
}

/// Takes the place of the C library's in every program with this crate.
///
/// # Safety
/// As the C library's: `to` is null or points to a timespec.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn clock_gettime(clock: libc::clockid_t, to: *mut libc::timespec) -> c_int {
    let rc = unsafe { libc::syscall(libc::SYS_clock_gettime, clock, to) };
    if rc == 0 && clock == libc::CLOCK_REALTIME && !to.is_null() {
        unsafe { (*to).tv_sec += AHEAD.load(SeqCst) };
    }
    c_int::try_from(rc).unwrap_or(-1)
}
