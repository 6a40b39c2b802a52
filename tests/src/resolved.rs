//! systemd-resolved, a resolver that other programs ask.

/// The program: `cargo xtask test` unpacks it, and puts it into `PATH`. Installed, it would resolve this machine's names.
pub const PROGRAM: &str = "rewind-resolved";
