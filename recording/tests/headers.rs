//! The table of calls beside the kernel's own headers, where those are installed.

use anyhow::{Result, ensure};
use rewind_recording::syscalls::{Arch, by_number, compat};
use rewind_tests::suite::{Need, Suite};
use std::process::ExitCode;

const X86_64: &str = "/usr/include/x86_64-linux-gnu/asm/unistd_64.h";
const I386: &str = "/usr/include/x86_64-linux-gnu/asm/unistd_32.h";
const GENERIC: &str = "/usr/include/asm-generic/unistd.h";

fn main() -> ExitCode {
    Suite::default()
        .test("numbers_of_x86_64_are_those_of_its_header", &[Need::File(X86_64)], || {
            numbers_are_those_of(Arch::X86_64, X86_64)
        })
        .test("numbers_of_arm64_are_those_of_the_generic_header", &[Need::File(GENERIC)], || {
            numbers_are_those_of(Arch::Aarch64, GENERIC)
        })
        .test("rows_of_32_bit_calls_have_the_names_of_the_i386_header", &[Need::File(I386)], rows_of_32_bit_calls)
        .run()
}

fn rows_of_32_bit_calls() -> Result<()> {
    let mut count = 0;
    for line in std::fs::read_to_string(I386)?.lines() {
        let Some(rest) = line.strip_prefix("#define __NR_") else { continue };
        let mut words = rest.split_whitespace();
        let (Some(name), Some(Ok(number))) = (words.next(), words.next().map(str::parse::<u16>)) else { continue };
        let Some(row) = compat::row_of(Arch::X86_64, number) else { continue };
        ensure!(
            row.name == name && compat::name(number) == Some(name),
            "{number}: {}, and the header has {name}",
            row.name
        );
        count += 1;
    }
    ensure!(count > 80, "only {count} rows in {I386}");
    Ok(())
}

fn numbers_are_those_of(arch: Arch, header: &str) -> Result<()> {
    let mut count = 0;
    for line in std::fs::read_to_string(header)?.lines() {
        let Some(rest) = line.strip_prefix("#define __NR_") else { continue };
        let mut words = rest.split_whitespace();
        let (Some(name), Some(Ok(number))) = (words.next(), words.next().map(str::parse::<u16>)) else { continue };
        let other_layout = name.ends_with("time64") || (403..=423).contains(&number);
        if other_layout || matches!(name, "syscalls" | "arch_specific_syscall" | "sync_file_range2") {
            continue;
        }
        let ours = by_number(arch, number).map(|row| row.name);
        ensure!(ours == Some(name), "{arch:?} {number}: {ours:?}, and the header has {name}");
        count += 1;
    }
    ensure!(count > 250, "only {count} numbers in {header}");
    Ok(())
}
