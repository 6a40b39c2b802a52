//! The socket itself: one agent on it, for its owner alone.
//!
//! An agent first takes the place (a lock beside the socket, which goes with the process, however it
//! ends), then loads the recorder, then listens: so a second agent is told before it has loaded
//! anything, and a socket that answers means that recording has begun.

use rustix::fs::{FlockOperation, flock};
use std::fs::{self, File, OpenOptions, Permissions};
use std::io;
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};

/// Why the agent does not listen.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// Another agent is there.
    #[error("another agent already listens on {0}; stop it first, or give this one its own with --socket")]
    Taken(PathBuf),
    /// Something else is in the way.
    #[error("cannot listen on {path}: {source}")]
    Bind {
        /// The socket.
        path: PathBuf,
        /// What the kernel said.
        source: io::Error,
    },
}

/// The right to listen at a path.
#[derive(Debug)]
pub(crate) struct SocketPath {
    path: PathBuf,
    /// Holds the lock.
    _lock: File,
}

/// A socket that is listened on. Dropping it removes it.
#[derive(Debug)]
pub(crate) struct Bound {
    /// Where requests come in; it does not block.
    pub listener: UnixListener,
    place: SocketPath,
}

impl SocketPath {
    /// Takes the place at `path`, in a directory that is made where it is missing.
    ///
    /// # Errors
    /// [`Error`].
    pub(crate) fn take(path: &Path) -> Result<Self, Error> {
        let failed = |source| Error::Bind { path: path.to_owned(), source };
        if let Some(dir) = path.parent().filter(|dir| !dir.as_os_str().is_empty()) {
            fs::create_dir_all(dir).map_err(failed)?;
        }
        let lock = with_suffix(path, "lock");
        let lock =
            OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(lock).map_err(failed)?;
        match flock(&lock, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => Ok(Self { path: path.to_owned(), _lock: lock }),
            Err(rustix::io::Errno::WOULDBLOCK) => Err(Error::Taken(path.to_owned())),
            Err(error) => Err(failed(error.into())),
        }
    }

    /// Listens, with mode 0600.
    ///
    /// # Errors
    /// [`Error::Bind`].
    pub(crate) fn listen(self) -> Result<Bound, Error> {
        let failed = |source| Error::Bind { path: self.path.clone(), source };
        // Fingerprint under a name of its own and renamed (over what a killed agent may have left), so that
        // nobody can connect before it has its mode.
        let unready = with_suffix(&self.path, "new");
        let _ = fs::remove_file(&unready);
        let listener = UnixListener::bind(&unready).map_err(failed)?;
        fs::set_permissions(&unready, Permissions::from_mode(0o600)).map_err(failed)?;
        listener.set_nonblocking(true).map_err(failed)?;
        fs::rename(&unready, &self.path).map_err(failed)?;
        Ok(Bound { listener, place: self })
    }
}

impl Bound {
    /// Where it is.
    #[must_use]
    pub(crate) fn path(&self) -> &Path {
        &self.place.path
    }
}

impl Drop for Bound {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.place.path);
        let _ = fs::remove_file(with_suffix(&self.place.path, "lock"));
    }
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(suffix);
    PathBuf::from(name)
}
