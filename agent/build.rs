//! Copies the compiled kernel side into `$OUT_DIR` and names it to the agent: `REWIND_EBPF_OBJECT_PATH`.
//!
//! It is compiled by another compiler for another target, so not from here: `cargo xtask build-ebpf`
//! does that. `REWIND_EBPF_OBJECT` names another object.

use std::env;
use std::path::PathBuf;
use std::process::exit;

const VARIABLE: &str = "REWIND_EBPF_OBJECT";
/// Where the kernel shows its types: tests read them where it does, and are declared skips elsewhere.
const TYPES: &str = "/sys/kernel/btf/vmlinux";
const BUILT: &str = "../agent-ebpf/target/bpfel-unknown-none/release/rewind";

fn main() {
    println!("cargo::rustc-check-cfg=cfg(has_btf)");
    println!("cargo::rerun-if-changed={TYPES}");
    if PathBuf::from(TYPES).exists() {
        println!("cargo::rustc-cfg=has_btf");
    }
    println!("cargo::rerun-if-env-changed={VARIABLE}");
    let object = env::var_os(VARIABLE).map_or_else(|| PathBuf::from(BUILT), PathBuf::from);
    println!("cargo::rerun-if-changed={}", object.display());
    let copy = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default()).join("rewind.bpf.o");
    match std::fs::copy(&object, &copy) {
        Ok(_) => println!("cargo::rustc-env=REWIND_EBPF_OBJECT_PATH={}", copy.display()),
        Err(error) => {
            let object = object.display();
            println!(
                "cargo::error=the kernel side is not built ({object}: {error}): run `cargo xtask build-ebpf` first"
            );
            exit(1);
        }
    }
}
