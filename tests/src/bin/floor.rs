//! `rewind-floor`: what `cargo xtask bench` holds the recorder against. Attaches empty programs to both ends
//! of each call, or the least that a recorder of durations and pointed-to bytes does
//! (`agent-ebpf/src/floor.rs`), says `attached`, and stays until its standard input is closed.
#![forbid(unsafe_code)]

use anyhow::{Context as _, Result, bail};
use aya::maps::{Array, MapData};
use aya::programs::{BtfTracePoint, RawTracePoint};
use aya::{Btf, Ebpf, EbpfLoader};
use rewind_common::capture::Capture;
use rewind_recording::syscalls::{Arch, capture_table};
use std::io::{self, Write as _};
use std::path::Path;
use zerocopy::IntoBytes as _;

/// Each program of the object, and its hook.
const EMPTY: [(&str, &str); 2] = [("floor_enter", "sys_enter"), ("floor_exit", "sys_exit")];
const LEAST: [(&str, &str); 2] = [("least_enter", "sys_enter"), ("least_exit", "sys_exit")];

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let attached = match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["empty", object] => empty(Path::new(object))?,
        ["least", object] => least(Path::new(object))?,
        _ => bail!("usage: rewind-floor empty|least OBJECT"),
    };
    writeln!(io::stdout(), "attached")?;
    io::copy(&mut io::stdin(), &mut io::sink())?;
    drop(attached);
    Ok(())
}

/// The empty programs. Dropping them takes them out.
fn empty(object: &Path) -> Result<Ebpf> {
    let mut ebpf = load(object, &mut EbpfLoader::new())?;
    for (name, hook) in EMPTY {
        let program: &mut RawTracePoint = ebpf.program_mut(name).with_context(|| format!("no {name}"))?.try_into()?;
        program.load()?;
        program.attach(hook)?;
    }
    Ok(ebpf)
}

/// Those that read the clock and copy what the recorder copies.
fn least(object: &Path) -> Result<Ebpf> {
    let registers = registers();
    let mut loader = EbpfLoader::new();
    let mut ebpf = load(object, loader.override_global("REGISTERS", registers.as_bytes(), true))?;
    let mut rows: Array<&mut MapData, [u8; size_of::<Capture>()]> =
        ebpf.map_mut("CAPTURES").context("no CAPTURES")?.try_into()?;
    let arch = Arch::parse(std::env::consts::ARCH).context("an architecture without a table of calls")?;
    for (number, row) in (0..).zip(capture_table(arch)) {
        let mut bytes = [0; size_of::<Capture>()];
        bytes.copy_from_slice(row.as_bytes());
        rows.set(number, bytes, 0)?;
    }
    let types = Btf::from_sys_fs()?;
    for (name, hook) in LEAST {
        let program: &mut BtfTracePoint = ebpf.program_mut(name).with_context(|| format!("no {name}"))?.try_into()?;
        program.load(hook, &types)?;
        program.attach()?;
    }
    Ok(ebpf)
}

fn load(object: &Path, loader: &mut EbpfLoader<'_>) -> Result<Ebpf> {
    let path = object.display();
    loader.load_file(object).with_context(|| format!("cannot load {path}; `cargo xtask build-ebpf` makes it"))
}

/// Where `pt_regs` has the arguments of a call: as what `ptrace` hands out begins (`arch/x86/kernel/ptrace.c`).
#[cfg(target_arch = "x86_64")]
fn registers() -> [u32; 6] {
    use std::mem::offset_of;
    type Registers = libc::user_regs_struct;
    [
        offset_of!(Registers, rdi),
        offset_of!(Registers, rsi),
        offset_of!(Registers, rdx),
        offset_of!(Registers, r10),
        offset_of!(Registers, r8),
        offset_of!(Registers, r9),
    ]
    .map(|offset| offset as u32)
}

/// As above: the first of `regs`, with which `struct user_pt_regs` begins.
#[cfg(target_arch = "aarch64")]
fn registers() -> [u32; 6] {
    [0, 1, 2, 3, 4, 5].map(|i| 8 * i)
}
