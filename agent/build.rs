//! Copies the compiled kernel side into `$OUT_DIR`, names it to the agent (`REWIND_EBPF_OBJECT_PATH`), and
//! lists the hooks that it has programs for (`$OUT_DIR/hooks.rs`).
//!
//! It is compiled by another compiler for another target, so not from here: `cargo xtask build-ebpf`
//! does that. `REWIND_EBPF_OBJECT` names another object.

use object::{Object as _, ObjectSection as _, ObjectSymbol as _};
use std::env;
use std::path::{Path, PathBuf};
use std::process::exit;

const VARIABLE: &str = "REWIND_EBPF_OBJECT";
/// Where the kernel shows its types: tests read them where it does, and are declared skips elsewhere.
const TYPES: &str = "/sys/kernel/btf/vmlinux";
const BUILT: &str = "../agent-ebpf/target/bpfel-unknown-none/release/rewind";
/// What `#[btf_tracepoint]` puts before the tracepoint's name to name a program's section.
const SECTION: &str = "tp_btf/";

fn main() {
    println!("cargo::rustc-check-cfg=cfg(has_btf)");
    println!("cargo::rerun-if-changed={TYPES}");
    if PathBuf::from(TYPES).exists() {
        println!("cargo::rustc-cfg=has_btf");
    }
    println!("cargo::rerun-if-env-changed={VARIABLE}");
    let object = env::var_os(VARIABLE).map_or_else(|| PathBuf::from(BUILT), PathBuf::from);
    println!("cargo::rerun-if-changed={}", object.display());
    let out = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default());
    if let Err(sentence) = copy(&object, &out.join("rewind.bpf.o")).and_then(|()| list(&object, &out.join("hooks.rs")))
    {
        println!("cargo::error={sentence}");
        exit(1);
    }
}

fn copy(object: &Path, to: &Path) -> Result<(), String> {
    std::fs::copy(object, to).map_err(|error| {
        let object = object.display();
        format!("the kernel side is not built ({object}: {error}): run `cargo xtask build-ebpf` first")
    })?;
    println!("cargo::rustc-env=REWIND_EBPF_OBJECT_PATH={}", to.display());
    Ok(())
}

/// Writes an array of `Hook`s in the words of `src/host/hooks.rs`, which includes it.
fn list(object: &Path, to: &Path) -> Result<(), String> {
    let unread = |error: &dyn std::fmt::Display| format!("the hooks of {} cannot be listed: {error}", object.display());
    let bytes = std::fs::read(object).map_err(|error| unread(&error))?;
    let file = object::File::parse(&*bytes).map_err(|error| unread(&error))?;
    let mut hooks = String::new();
    for section in file.sections() {
        let Some(name) = section.name().ok().and_then(|name| name.strip_prefix(SECTION)) else { continue };
        if !file.symbols().any(|symbol| symbol.section_index() == Some(section.index()) && symbol.name() == Ok(name)) {
            return Err(unread(&format!("the program of the tracepoint {name} has another name")));
        }
        hooks += &format!("    wanted(\"{name}\", Record, \"Events of {name} are not recorded.\"),\n");
    }
    std::fs::write(to, format!("[\n{hooks}]\n")).map_err(|error| unread(&error))
}
