//! A 32-bit program: nobody needs a compiler for 84 bytes of headers (`include/uapi/linux/elf.h`) and 20
//! of code.

use super::arch::Arch;

/// Where it is loaded.
const BASE: u32 = 0x10000;
const HEADER: u16 = 52;
const SEGMENT: u16 = 32;

/// Makes call 20 of the 32-bit table, which is `getpid` on both machines, and call 1, `exit`, with 5.
pub(super) fn program(arch: Arch) -> Vec<u8> {
    // Kernels of arm64 want to see version 5 of the ABI (`arch/arm64/include/asm/elf.h`).
    let (machine, flags, code) = match arch {
        Arch::X86_64 => (3, 0, I386),
        Arch::Aarch64 => (40, 0x0500_0000, ARM),
    };
    let start = u32::from(HEADER + SEGMENT);
    let size = start + code.len() as u32;
    let mut file = b"\x7fELF\x01\x01\x01\0\0\0\0\0\0\0\0\0".to_vec();
    let half = |file: &mut Vec<u8>, values: &[u16]| file.extend(values.iter().flat_map(|value| value.to_le_bytes()));
    let word = |file: &mut Vec<u8>, values: &[u32]| file.extend(values.iter().flat_map(|value| value.to_le_bytes()));
    // An executable; where it begins, and where the table of its one segment is.
    half(&mut file, &[2, machine]);
    word(&mut file, &[1, BASE + start, u32::from(HEADER), 0, flags]);
    half(&mut file, &[HEADER, SEGMENT, 1, 0, 0, 0]);
    // All of the file, readable and executable.
    word(&mut file, &[1, 0, BASE, BASE, size, size, 5, 0x1000]);
    file.extend_from_slice(code);
    file
}

/// `mov eax, 20; int 0x80; mov ebx, 5; mov eax, 1; int 0x80`
const I386: &[u8] = b"\xb8\x14\0\0\0\xcd\x80\xbb\x05\0\0\0\xb8\x01\0\0\0\xcd\x80";
/// `mov r7, #20; svc 0; mov r0, #5; mov r7, #1; svc 0`
const ARM: &[u8] = b"\x14\x70\xa0\xe3\0\0\0\xef\x05\0\xa0\xe3\x01\x70\xa0\xe3\0\0\0\xef";
