//! A real S3 server of the test's own: `s3s-fs` over a directory, which can go away, come back, and hang half way.

use crate::eventually::eventually;
use crate::programs::{self, find, is_program};
use anyhow::{Context as _, Result};
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{IpAddr, Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::Duration;
use tempfile::TempDir;

/// The server's name on crates.io, and its version.
pub const PROGRAM: (&str, &str) = ("s3s-fs", "0.14.1");
/// The bucket that there is.
pub const BUCKET: &str = "crashes";
/// The keys that are let in.
const KEYS: (&str, &str) = ("rewind-test", "rewind-test-secret");
const UP: Duration = Duration::from_secs(10);

/// Where the server is installed, if it is.
#[must_use]
pub fn program() -> Option<PathBuf> {
    let (name, version) = PROGRAM;
    let cached = programs::cache().ok().map(|cache| cache.join(format!("{name}-{version}/bin/{name}")));
    cached.filter(|program| is_program(program)).or_else(|| find(name))
}

/// A store that runs. Dropping it ends it, with all that is in it.
#[derive(Debug)]
pub struct Store {
    address: SocketAddr,
    dir: TempDir,
    server: Option<Child>,
}

impl Store {
    /// Starts one on loopback.
    ///
    /// # Errors
    /// When it does not answer.
    pub fn start() -> Result<Self> {
        Self::start_on(Ipv4Addr::LOCALHOST.into())
    }

    /// Starts one on an address of this machine.
    ///
    /// # Errors
    /// When it does not answer.
    pub fn start_on(address: IpAddr) -> Result<Self> {
        let dir = tempfile::Builder::new().prefix("rewind-store-").tempdir()?;
        fs::create_dir(dir.path().join(BUCKET))?;
        // One that is free now; nobody else on a test's machine takes it in between.
        let address = TcpListener::bind((address, 0))?.local_addr()?;
        let mut store = Self { address, dir, server: None };
        store.come_back()?;
        Ok(store)
    }

    /// Nobody listens there any more; what is stored stays.
    ///
    /// # Errors
    /// When it cannot be ended.
    pub fn go_away(&mut self) -> Result<()> {
        let Some(mut server) = self.server.take() else { return Ok(()) };
        server.kill()?;
        server.wait()?;
        Ok(())
    }

    /// Listens again where it was.
    ///
    /// # Errors
    /// When it does not answer.
    pub fn come_back(&mut self) -> Result<()> {
        let mut command = Command::new(program().context("s3s-fs is not installed: run `cargo xtask setup --tests`")?);
        command.args(["--access-key", KEYS.0, "--secret-key", KEYS.1]);
        command.arg("--host").arg(self.address.ip().to_string()).arg("--port").arg(self.address.port().to_string());
        command.arg(self.dir.path()).env("RUST_LOG", "error");
        let server = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
        self.server = Some(server);
        eventually("the object store to answer", UP, || TcpStream::connect(self.address).ok()).map(drop)
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// What a program finds it by, and is let in with.
    #[must_use]
    pub fn environment(&self) -> Vec<(&'static str, String)> {
        environment(self.address, KEYS.1)
    }

    /// As [`Self::environment`], with a secret that is another's.
    #[must_use]
    pub fn wrong_environment(&self) -> Vec<(&'static str, String)> {
        environment(self.address, "another-secret")
    }

    /// As [`Self::environment`], over a line.
    #[must_use]
    pub fn environment_over(&self, line: &Line) -> Vec<(&'static str, String)> {
        environment(line.address, KEYS.1)
    }

    /// The objects, by their names in the bucket.
    #[must_use]
    pub fn objects(&self) -> Vec<String> {
        let bucket = self.dir.path().join(BUCKET);
        let name = |path: PathBuf| Some(path.strip_prefix(&bucket).ok()?.to_str()?.to_owned());
        let mut names: Vec<_> = files(&bucket).into_iter().filter_map(name).collect();
        names.sort();
        names
    }

    /// The bytes of an object.
    ///
    /// # Errors
    /// When it is not there.
    pub fn object(&self, name: &str) -> Result<Vec<u8>> {
        Ok(fs::read(self.dir.path().join(BUCKET).join(name))?)
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        if let Err(error) = self.go_away() {
            eprintln!("ending the object store: {error:#}");
        }
    }
}

fn environment(address: SocketAddr, secret: &str) -> Vec<(&'static str, String)> {
    vec![
        ("AWS_ENDPOINT_URL", format!("http://{address}")),
        ("AWS_ALLOW_HTTP", "true".to_owned()),
        ("AWS_REGION", "us-east-1".to_owned()),
        ("AWS_ACCESS_KEY_ID", KEYS.0.to_owned()),
        ("AWS_SECRET_ACCESS_KEY", secret.to_owned()),
    ]
}

/// All files below a directory.
#[must_use]
pub fn files(dir: &Path) -> Vec<PathBuf> {
    let entries: Vec<_> = fs::read_dir(dir).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
    entries.into_iter().flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

/// A line to a server, which forwards what comes. Some connections hang in the middle of what they send: neither end is
/// told, nothing goes on.
#[derive(Debug)]
pub struct Line {
    address: SocketAddr,
    hung: Arc<AtomicU32>,
}

impl Line {
    /// A line on which the first `hangs` connections that send more than `after_bytes` hang there. It ends with the
    /// process.
    ///
    /// # Errors
    /// When no port is free.
    pub fn that_hangs(to: SocketAddr, hangs: u32, after_bytes: usize) -> Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let (address, hung) = (listener.local_addr()?, Arc::new(AtomicU32::new(0)));
        let counted = Arc::clone(&hung);
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let hung = Arc::clone(&counted);
                thread::spawn(move || drop(forward(client, to, after_bytes, &hung, hangs)));
            }
        });
        Ok(Self { address, hung })
    }

    /// How many have hung.
    #[must_use]
    pub fn hung(&self) -> u32 {
        self.hung.load(Ordering::SeqCst)
    }
}

fn forward(mut client: TcpStream, to: SocketAddr, most: usize, hung: &AtomicU32, hangs: u32) -> Result<()> {
    let mut server = TcpStream::connect(to)?;
    let (mut answers, mut back) = (server.try_clone()?, client.try_clone()?);
    thread::spawn(move || {
        let _ = std::io::copy(&mut answers, &mut back);
        let _ = back.shutdown(Shutdown::Write);
    });
    let (mut sent, mut bytes) = (0, [0; 512]);
    loop {
        let read = client.read(&mut bytes)?;
        if read == 0 {
            return Ok(server.shutdown(Shutdown::Write)?);
        }
        let before = sent;
        sent += read;
        let is_over = before <= most && sent > most;
        if is_over && hung.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |n| (n < hangs).then_some(n + 1)).is_ok() {
            // Until the process ends: both ends stay open.
            loop {
                thread::park();
            }
        }
        server.write_all(bytes.get(..read).unwrap_or_default())?;
    }
}
