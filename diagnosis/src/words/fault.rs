//! What a fault says of what the program did.

use crate::calls::{self, bits};
use crate::facts::{FPE_INTDIV, Facts, SEGV_ACCERR, SEGV_MAPERR, SI_KERNEL, SIGBUS, SIGFPE, SIGILL, SIGSEGV, SIGTRAP};
use rewind_recording::decode;
use rewind_recording::event::What;
use rewind_recording::syscalls::Arch;

/// An address below this is a null pointer with an offset.
const NULL_PAGE: u64 = 4096;
/// Of `mmap`'s flags: it is to be a thread's stack (`asm-generic/mman.h`).
const MAP_STACK: u64 = 0x2_0000;
/// The guard at the end of a stack is no larger, unless a program asks for that.
const GUARD_BYTES: u64 = 64 * 1024;

/// What a process did, by the signal that a fault brought it, its code and address.
pub(crate) fn words(facts: &Facts<'_>, tgid: u32, (signal, code): (u32, i32), address: u64) -> String {
    match (signal, code) {
        (SIGSEGV, SEGV_MAPERR) if address < NULL_PAGE => {
            format!("it followed a null pointer (address {address:#x})")
        }
        (SIGSEGV, SEGV_ACCERR) if is_end_of_stack(facts, tgid, address) => {
            format!("the stack of its thread ran out, as of a recursion without an end (address {address:#x})")
        }
        (SIGSEGV, SEGV_MAPERR) if is_beside_main_stack(facts.arch, address) => format!(
            "its stack ran out, as of a recursion without an end, or it used a wrong address beside the stack ({address:#x})"
        ),
        (SIGSEGV, SEGV_MAPERR) => format!("it used memory at {address:#x} that is not mapped"),
        // No address is told of a general protection fault (`exc_general_protection`, arch/x86/kernel/traps.c).
        (SIGSEGV, SI_KERNEL) => {
            "the processor refused an access, or an instruction: an address that cannot exist, say".to_owned()
        }
        (SIGSEGV, SEGV_ACCERR) => format!("it used memory at {address:#x} in a way that is not allowed"),
        (SIGBUS, _) => format!(
            "it used memory at {address:#x} of a file's that nothing is behind: the file is shorter, or its file system is full or has failed"
        ),
        (SIGFPE, FPE_INTDIV) => "it divided by zero, or a quotient was too big (the least number by -1)".to_owned(),
        (SIGFPE, _) => "a computation failed".to_owned(),
        (SIGILL, _) => format!("it ran an instruction that the processor does not know, at {address:#x}"),
        (SIGTRAP, _) => "it met a breakpoint, which no debugger took".to_owned(),
        _ => format!("it failed at {address:#x}"),
    }
}

/// Whether an address is where the main thread's stack is placed or was to grow to: the kernel maps nothing else there
/// (`mmap_base`, arch/x86/mm/mmap.c and mm/util.c: below the stack's limit and what is added to it by chance).
fn is_beside_main_stack(arch: Arch, address: u64) -> bool {
    // The end of addresses, and how far below it a stack may begin (STACK_RND_MASK in pages, `asm/elf.h`).
    let (end, random) = match arch {
        Arch::X86_64 => (0x7fff_ffff_f000, 0x40_0000 * 4096),
        Arch::Aarch64 => (0x1_0000_0000_0000, 0x4_0000 * 4096),
    };
    (end - random..end).contains(&address)
}

/// Whether an address is of the guard at the end of a thread's stack, as the last call tells that mapped or unmapped it.
fn is_end_of_stack(facts: &Facts<'_>, tgid: u32, address: u64) -> bool {
    let of_address = |index: usize| {
        let event = facts.timeline.event(index).filter(|event| event.tgid() == Some(tgid))?;
        let What::Call { call, .. } = event.what else { return None };
        let name = decode::name(&call, facts.arch);
        let base = if name == "mmap" { call.result.cast_unsigned() } else { call.value(0)? };
        let is_its = |bytes: u64| (base..base.saturating_add(bytes)).contains(&address);
        match &*name {
            _ if call.errno().is_some() => None,
            "mmap" if is_its(call.value(1)?) => {
                Some(call.value(3)? & MAP_STACK != 0 && is_its(call.value(1)?.min(GUARD_BYTES)))
            }
            "munmap" if is_its(call.value(1)?) => Some(false),
            name if calls::has(name, bits::RUNS) => Some(false),
            _ => None,
        }
    };
    (0..facts.timeline.len()).rev().find_map(of_address).unwrap_or(false)
}

#[cfg(test)]
mod tests {
    use crate::scene::Scene;

    /// A program that a fault at an address ended, whose thread's stack is at 0x7f00_0000_0000.
    fn killed_at(address: u64, code: i32) -> String {
        let mut scene = Scene::of("app");
        let stack = scene.call(700, 9).arg(0).arg(0x80_1000).arg(0).arg(0x2_0022).arg(u64::MAX).arg(0);
        stack.result(0x7f00_0000_0000).end();
        scene.signal(11, code, [address as u32, (address >> 32) as u32]);
        scene.exit(700, 11);
        scene.answer()
    }

    #[test]
    fn a_fault_beside_the_stack_is_told_as_its_end() {
        let answer = killed_at(0x7ffc_1234_5ff8, 1);
        assert!(answer.starts_with("It was killed by SIGSEGV: its stack ran out, as of a recursion"), "{answer}");
        let answer = killed_at(0x7f00_0000_0ff8, 2);
        assert!(answer.starts_with("It was killed by SIGSEGV: the stack of its thread ran out"), "{answer}");
        // In its middle, where it may not be run, say.
        assert!(killed_at(0x7f00_0008_0000, 2).contains("in a way that is not allowed"));
        assert!(killed_at(0x7ee0_0000_0000, 1).contains("is not mapped"));
        assert!(killed_at(0, 0x80).contains("an address that cannot exist"));
        assert!(killed_at(0x7ee0_0000_0000, 2).contains("in a way that is not allowed"));
        assert!(killed_at(8, 1).contains("null pointer"));
    }
}
