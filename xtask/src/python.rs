//! Programs of Python for tests: packages of its registry in a folder of their own, and a script that uses them.

use crate::command;
use anyhow::{Context as _, Result};
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::Command;

/// A program.
pub(crate) struct Program<'p> {
    /// What it is called.
    pub name: &'p str,
    /// The folder's name, with the version of what is in it.
    pub folder: String,
    /// Packages with their versions.
    pub packages: &'p [&'p str],
    /// Its text.
    pub script: &'p str,
}

impl Program<'_> {
    /// The folder of the program; it is made first if it is not there.
    pub(crate) fn get(&self) -> Result<PathBuf> {
        let root = command::cache()?.join(&self.folder);
        // Not the environment's own folder of programs: that has a Python as well.
        let bin = root.join("program");
        let program = bin.join(self.name);
        let python = root.join("bin/python3");
        let script = format!("#!{}\n{}", python.display(), self.script);
        if fs::read_to_string(&program).is_ok_and(|there| there == script) {
            return Ok(bin);
        }
        eprintln!("setup: installing {} from Python's registry", self.packages.join(", "));
        command::run(Command::new("python3").args(["-m", "venv"]).arg(&root))?;
        command::run(Command::new(&python).args(["-m", "pip", "install", "--quiet"]).args(self.packages))?;
        fs::create_dir_all(&bin)?;
        fs::write(&program, script).with_context(|| format!("cannot write {}", program.display()))?;
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755))?;
        Ok(bin)
    }
}
