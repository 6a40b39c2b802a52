//! The socket itself: one agent on it, for its owner alone.

use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};

/// Why the agent does not listen.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Another agent answers there.
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

/// A socket that is listened on. Dropping it removes it.
#[derive(Debug)]
pub struct Bound {
    /// Where requests come in; it does not block.
    pub listener: UnixListener,
    path: PathBuf,
}

impl Bound {
    /// Listens on `path`, with mode 0600, in a directory that is made where it is missing.
    ///
    /// # Errors
    /// [`Error`].
    pub fn new(path: &Path) -> Result<Self, Error> {
        let failed = |source| Error::Bind { path: path.to_owned(), source };
        match UnixStream::connect(path) {
            Ok(_) => return Err(Error::Taken(path.to_owned())),
            // What an agent that was killed has left.
            Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {
                std::fs::remove_file(path).map_err(failed)?
            }
            Err(_) => {}
        }
        if let Some(dir) = path.parent().filter(|dir| !dir.as_os_str().is_empty()) {
            std::fs::create_dir_all(dir).map_err(failed)?;
        }
        // Made under a name of its own and renamed, so that nobody can connect before it has its mode.
        let unready = path.with_extension(format!("{}.new", std::process::id()));
        let listener = UnixListener::bind(&unready).map_err(failed)?;
        std::fs::set_permissions(&unready, std::fs::Permissions::from_mode(0o600)).map_err(failed)?;
        listener.set_nonblocking(true).map_err(failed)?;
        std::fs::rename(&unready, path).map_err(failed)?;
        Ok(Self { listener, path: path.to_owned() })
    }
}

impl Bound {
    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Bound {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.path);
    }
}
