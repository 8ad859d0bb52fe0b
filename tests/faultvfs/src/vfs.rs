//! The VFS: passes everything on to the usual one, and tells the volume.

use std::ffi::{CStr, c_char, c_int, c_void};
use std::mem::size_of;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Once};

use libsqlite3_sys as ffi;

use crate::disk::{Event, Fault, State, fdatasync, fsync, unlink, volume_of};

/// The name of the VFS.
pub const NAME: &CStr = c"fault";

/// A file: ours first, the usual VFS's behind it.
#[repr(C)]
struct File {
    methods: *const ffi::sqlite3_io_methods,
    /// The volume, owned; null for files outside of all.
    volume: *const State,
    key: u64,
}

unsafe fn real(file: *mut ffi::sqlite3_file) -> *mut ffi::sqlite3_file {
    unsafe { file.cast::<u8>().add(size_of::<File>()).cast() }
}

unsafe fn usual(file: *mut ffi::sqlite3_file) -> (*mut ffi::sqlite3_file, &'static ffi::sqlite3_io_methods) {
    let file = unsafe { real(file) };
    (file, unsafe { &*(*file).pMethods })
}

unsafe fn volume<'a>(file: *mut ffi::sqlite3_file) -> Option<(&'a State, u64)> {
    let ours = unsafe { &*file.cast::<File>() };
    unsafe { ours.volume.as_ref() }.map(|volume| (volume, ours.key))
}

macro_rules! pass {
    ($name:ident, $method:ident ( $($arg:ident : $kind:ty),* )) => {
        unsafe extern "C" fn $name(file: *mut ffi::sqlite3_file $(, $arg: $kind)*) -> c_int {
            unsafe {
                let (file, methods) = usual(file);
                methods.$method.unwrap()(file $(, $arg)*)
            }
        }
    };
}

pass!(size, xFileSize(to: *mut i64));
pass!(lock, xLock(how: c_int));
pass!(unlock, xUnlock(how: c_int));
pass!(reserved, xCheckReservedLock(to: *mut c_int));
pass!(control, xFileControl(what: c_int, with: *mut c_void));
pass!(sector, xSectorSize());
pass!(facts, xDeviceCharacteristics());
pass!(shm_map, xShmMap(page: c_int, size: c_int, extend: c_int, to: *mut *mut c_void));
pass!(shm_lock, xShmLock(offset: c_int, n: c_int, flags: c_int));
pass!(shm_unmap, xShmUnmap(delete: c_int));
pass!(fetch, xFetch(at: i64, n: c_int, to: *mut *mut c_void));
pass!(unfetch, xUnfetch(at: i64, what: *mut c_void));

unsafe extern "C" fn shm_barrier(file: *mut ffi::sqlite3_file) {
    unsafe {
        let (file, methods) = usual(file);
        methods.xShmBarrier.unwrap()(file);
    }
}

unsafe extern "C" fn close(file: *mut ffi::sqlite3_file) -> c_int {
    unsafe {
        let (below, methods) = usual(file);
        let rc = methods.xClose.unwrap()(below);
        let ours = &mut *file.cast::<File>();
        if !ours.volume.is_null() {
            drop(Arc::from_raw(ours.volume));
            ours.volume = std::ptr::null();
        }
        rc
    }
}

unsafe extern "C" fn read(file: *mut ffi::sqlite3_file, to: *mut c_void, n: c_int, at: i64) -> c_int {
    unsafe {
        if volume(file).is_some_and(|(volume, _)| volume.now() == Some(Fault::Dead)) {
            return ffi::SQLITE_IOERR_READ;
        }
        let (file, methods) = usual(file);
        methods.xRead.unwrap()(file, to, n, at)
    }
}

unsafe extern "C" fn write(file: *mut ffi::sqlite3_file, from: *const c_void, n: c_int, at: i64) -> c_int {
    unsafe {
        let (below, methods) = usual(file);
        let Some((volume, key)) = volume(file) else { return methods.xWrite.unwrap()(below, from, n, at) };
        match volume.operation() {
            Some(Fault::Write | Fault::Dead) => return ffi::SQLITE_IOERR_WRITE,
            Some(Fault::Full) => {
                let mut there = 0;
                methods.xFileSize.unwrap()(below, &mut there);
                if at + i64::from(n) > there {
                    return ffi::SQLITE_FULL;
                }
            }
            _ => {}
        }
        let rc = methods.xWrite.unwrap()(below, from, n, at);
        if rc == ffi::SQLITE_OK {
            let bytes = std::slice::from_raw_parts(from.cast::<u8>(), usize::try_from(n).unwrap_or_default()).to_vec();
            volume.note(Event::Write { file: key, at: usize::try_from(at).unwrap_or_default(), bytes });
        }
        rc
    }
}

unsafe extern "C" fn truncate(file: *mut ffi::sqlite3_file, length: i64) -> c_int {
    unsafe {
        let (below, methods) = usual(file);
        let Some((volume, key)) = volume(file) else { return methods.xTruncate.unwrap()(below, length) };
        if let Some(Fault::Write | Fault::Dead) = volume.operation() {
            return ffi::SQLITE_IOERR_TRUNCATE;
        }
        let rc = methods.xTruncate.unwrap()(below, length);
        if rc == ffi::SQLITE_OK {
            volume.note(Event::Truncate { file: key, length: usize::try_from(length).unwrap_or_default() });
        }
        rc
    }
}

unsafe extern "C" fn sync(file: *mut ffi::sqlite3_file, flags: c_int) -> c_int {
    unsafe {
        let (below, methods) = usual(file);
        let Some((volume, key)) = volume(file) else { return methods.xSync.unwrap()(below, flags) };
        if let Some(Fault::Write | Fault::Dead | Fault::Sync) = volume.operation() {
            return ffi::SQLITE_IOERR_FSYNC;
        }
        // The usual one syncs the folder too, where the file is new.
        let rc = methods.xSync.unwrap()(below, flags);
        if rc == ffi::SQLITE_OK {
            volume.note(Event::Sync { file: key });
        }
        rc
    }
}

static METHODS: ffi::sqlite3_io_methods = ffi::sqlite3_io_methods {
    iVersion: 3,
    xClose: Some(close),
    xRead: Some(read),
    xWrite: Some(write),
    xTruncate: Some(truncate),
    xSync: Some(sync),
    xFileSize: Some(size),
    xLock: Some(lock),
    xUnlock: Some(unlock),
    xCheckReservedLock: Some(reserved),
    xFileControl: Some(control),
    xSectorSize: Some(sector),
    xDeviceCharacteristics: Some(facts),
    xShmMap: Some(shm_map),
    xShmLock: Some(shm_lock),
    xShmBarrier: Some(shm_barrier),
    xShmUnmap: Some(shm_unmap),
    xFetch: Some(fetch),
    xUnfetch: Some(unfetch),
};

unsafe fn below(vfs: *mut ffi::sqlite3_vfs) -> &'static mut ffi::sqlite3_vfs {
    unsafe { &mut *(*vfs).pAppData.cast::<ffi::sqlite3_vfs>() }
}

fn parts(path: &Path) -> (PathBuf, String) {
    (path.parent().unwrap_or(path).to_path_buf(), path.file_name().unwrap_or_default().to_string_lossy().into_owned())
}

unsafe extern "C" fn open(
    vfs: *mut ffi::sqlite3_vfs,
    name: *const c_char,
    file: *mut ffi::sqlite3_file,
    flags: c_int,
    out: *mut c_int,
) -> c_int {
    unsafe {
        let ours = &mut *file.cast::<File>();
        (ours.methods, ours.volume, ours.key) = (std::ptr::null(), std::ptr::null(), 0);
        let path = (!name.is_null()).then(|| PathBuf::from(CStr::from_ptr(name).to_string_lossy().into_owned()));
        let existed = path.as_ref().is_some_and(|path| path.exists());
        let inside = path.as_ref().and_then(|path| volume_of(path));
        if let Some(volume) = &inside
            && (volume.now() == Some(Fault::Dead) || !existed && volume.now() == Some(Fault::Write))
        {
            return ffi::SQLITE_CANTOPEN;
        }
        let vfs = below(vfs);
        let rc = vfs.xOpen.unwrap()(vfs, name, real(file), flags, out);
        if (*real(file)).pMethods.is_null() {
            return rc;
        }
        ours.methods = &METHODS;
        let (Some(path), Some(volume)) = (path, inside) else { return rc };
        let Ok(facts) = std::fs::metadata(&path) else { return rc };
        ours.key = std::os::unix::fs::MetadataExt::ino(&facts);
        volume.inner().ours.insert(ours.key);
        if !existed {
            volume.operation();
            let (folder, name) = parts(&path);
            volume.note(Event::Create { folder, name, file: ours.key });
        }
        ours.volume = Arc::into_raw(volume);
        rc
    }
}

unsafe extern "C" fn delete(vfs: *mut ffi::sqlite3_vfs, name: *const c_char, durable: c_int) -> c_int {
    unsafe {
        let vfs = below(vfs);
        let path = PathBuf::from(CStr::from_ptr(name).to_string_lossy().into_owned());
        let Some(volume) = volume_of(&path) else { return vfs.xDelete.unwrap()(vfs, name, durable) };
        if let Some(Fault::Write | Fault::Dead) = volume.operation() {
            return ffi::SQLITE_IOERR_DELETE;
        }
        // The usual one calls unlink, which is ours.
        vfs.xDelete.unwrap()(vfs, name, durable)
    }
}

macro_rules! pass_vfs {
    ($name:ident, $method:ident ( $($arg:ident : $kind:ty),* )) => {
        unsafe extern "C" fn $name(vfs: *mut ffi::sqlite3_vfs $(, $arg: $kind)*) -> c_int {
            unsafe {
                let vfs = below(vfs);
                vfs.$method.unwrap()(vfs $(, $arg)*)
            }
        }
    };
}

pass_vfs!(access, xAccess(name: *const c_char, flags: c_int, to: *mut c_int));
pass_vfs!(full_name, xFullPathname(name: *const c_char, n: c_int, to: *mut c_char));
pass_vfs!(randomness, xRandomness(n: c_int, to: *mut c_char));
pass_vfs!(sleep, xSleep(micros: c_int));
pass_vfs!(time, xCurrentTime(to: *mut f64));
pass_vfs!(last_error, xGetLastError(n: c_int, to: *mut c_char));
pass_vfs!(time64, xCurrentTimeInt64(to: *mut i64));

/// Makes the VFS known to SQLite.
pub fn register() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // The program's calls must find ours, not the C library's.
        std::hint::black_box((
            fsync as extern "C" fn(c_int) -> c_int,
            fdatasync as extern "C" fn(c_int) -> c_int,
            unlink as unsafe extern "C" fn(*const c_char) -> c_int,
        ));
        unsafe {
            ffi::sqlite3_initialize();
            let usual = ffi::sqlite3_vfs_find(std::ptr::null());
            let mut ours: ffi::sqlite3_vfs = std::mem::zeroed();
            ours.iVersion = 2;
            ours.szOsFile = (*usual).szOsFile + c_int::try_from(size_of::<File>()).unwrap_or(64);
            ours.mxPathname = (*usual).mxPathname;
            ours.zName = NAME.as_ptr();
            ours.pAppData = usual.cast();
            ours.xOpen = Some(open);
            ours.xDelete = Some(delete);
            ours.xAccess = Some(access);
            ours.xFullPathname = Some(full_name);
            ours.xRandomness = Some(randomness);
            ours.xSleep = Some(sleep);
            ours.xCurrentTime = Some(time);
            ours.xGetLastError = Some(last_error);
            ours.xCurrentTimeInt64 = Some(time64);
            ffi::sqlite3_vfs_register(Box::leak(Box::new(ours)), 0);
        }
    });
}
