//! The running kernel's type information (BTF), as far as needed: where a field lies in a struct, and
//! what there is by a name (`named.rs`).
//!
//! Format: `Documentation/bpf/btf.rst`. The one well-kept crate that reads it is LGPL, and Aya keeps
//! its parser's fields to itself, so these are the hundred lines that are needed. The file comes from
//! the kernel, and is parsed totally all the same.

use std::collections::HashMap;

mod named;

/// Why something cannot be found.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// The file cannot be read.
    #[error(
        "cannot read the kernel's type information in {PATH}: {0}; Rewind needs a kernel built with CONFIG_DEBUG_INFO_BTF"
    )]
    Read(#[source] std::io::Error),
    /// The file is not BTF.
    #[error("the kernel's type information in {PATH} is malformed")]
    Malformed,
    /// This kernel has no such field.
    #[error("this kernel has no `{0}`")]
    Missing(String),
}

/// Where the kernel shows its BTF.
pub(crate) const PATH: &str = "/sys/kernel/btf/vmlinux";

/// `BTF_KIND_*` (`include/uapi/linux/btf.h`).
mod kind {
    pub(super) const ARRAY: u32 = 3;
    pub(super) const STRUCT: u32 = 4;
    pub(super) const UNION: u32 = 5;
    pub(super) const ENUM: u32 = 6;
    pub(super) const TYPEDEF: u32 = 8;
    pub(super) const VOLATILE: u32 = 9;
    pub(super) const CONST: u32 = 10;
    pub(super) const INT: u32 = 1;
    pub(super) const PTR: u32 = 2;
    pub(super) const FUNC: u32 = 12;
    pub(super) const FUNC_PROTO: u32 = 13;
    pub(super) const VAR: u32 = 14;
    pub(super) const DATASEC: u32 = 15;
    pub(super) const DECL_TAG: u32 = 17;
    pub(super) const TYPE_TAG: u32 = 18;
    pub(super) const ENUM64: u32 = 19;
}

/// The kernel's types.
pub(crate) struct Btf {
    bytes: Vec<u8>,
    strings: usize,
    /// Where each type starts, by its id.
    types: Vec<u32>,
    structs: HashMap<String, u32>,
}

impl Btf {
    /// Reads the running kernel's.
    ///
    /// # Errors
    /// [`Error::Read`], [`Error::Malformed`]; both final.
    pub(crate) fn of_running_kernel() -> Result<Self, Error> {
        Self::parse(std::fs::read(PATH).map_err(Error::Read)?).ok_or(Error::Malformed)
    }

    fn parse(bytes: Vec<u8>) -> Option<Self> {
        let header = |i: usize| u32_at(&bytes, i * 4);
        if u32_at(&bytes, 0)? & 0xffff != 0xeb9f {
            return None;
        }
        let header_len = header(1)? as usize;
        let start = header_len.checked_add(header(2)? as usize)?;
        let end = start.checked_add(header(3)? as usize)?;
        let strings = header_len.checked_add(header(4)? as usize)?;
        bytes.get(strings..strings.checked_add(header(5)? as usize)?)?;
        let mut btf = Self { strings, types: vec![0], structs: HashMap::new(), bytes };
        let mut at = start;
        while at < end {
            let (kind, len) = (btf.kind(at)?, btf.len(at)?);
            let id = btf.types.len() as u32;
            btf.types.push(u32::try_from(at).ok()?);
            if kind == kind::STRUCT {
                let name = btf.string(u32_at(&btf.bytes, at)?)?.to_owned();
                btf.structs.entry(name).or_insert(id);
            }
            at = at.checked_add(12)?.checked_add(tail(kind, len))?;
        }
        Some(btf)
    }

    /// Bytes from the start of a struct to a field: `task_struct.thread_info.status`.
    ///
    /// # Errors
    /// [`Error::Missing`], with that very path.
    pub(crate) fn offset(&self, path: &str) -> Result<u32, Error> {
        let mut names = path.split('.');
        let start = names.next().and_then(|name| self.structs.get(name));
        let found = start.and_then(|&id| {
            let (mut id, mut bits) = (id, 0);
            for name in names {
                let (offset, member) = self.member(self.plain(id)?, name, 0)?;
                bits += offset;
                id = member;
            }
            Some(bits / 8)
        });
        found.ok_or_else(|| Error::Missing(path.to_owned()))
    }

    /// Bytes of a struct.
    ///
    /// # Errors
    /// [`Error::Missing`].
    pub(crate) fn size(&self, name: &str) -> Result<u32, Error> {
        let at = self.structs.get(name).and_then(|&id| self.types.get(id as usize));
        at.and_then(|&at| u32_at(&self.bytes, at as usize + 8)).ok_or_else(|| Error::Missing(name.to_owned()))
    }

    /// A member's offset in bits and its type; looks into anonymous structs and unions.
    fn member(&self, at: usize, name: &str, depth: u32) -> Option<(u32, u32)> {
        if depth > 8 || !matches!(self.kind(at)?, kind::STRUCT | kind::UNION) {
            return None;
        }
        let has_bitfields = u32_at(&self.bytes, at + 4)? >> 31 == 1;
        for i in 0..self.len(at)? {
            let entry = at + 12 + i * 12;
            let (member_name, id) = (self.string(u32_at(&self.bytes, entry)?)?, u32_at(&self.bytes, entry + 4)?);
            let raw = u32_at(&self.bytes, entry + 8)?;
            let bits = if has_bitfields { raw & 0x00ff_ffff } else { raw };
            if member_name == name {
                return Some((bits, id));
            }
            if member_name.is_empty()
                && let Some((inner, id)) = self.plain(id).and_then(|at| self.member(at, name, depth + 1))
            {
                return Some((bits + inner, id));
            }
        }
        None
    }

    /// Where a type starts, behind its typedefs and qualifiers.
    fn plain(&self, mut id: u32) -> Option<usize> {
        for _ in 0..16 {
            let at = *self.types.get(id as usize)? as usize;
            match self.kind(at)? {
                kind::TYPEDEF | kind::VOLATILE | kind::CONST | kind::TYPE_TAG => id = u32_at(&self.bytes, at + 8)?,
                _ => return Some(at),
            }
        }
        None
    }

    fn kind(&self, at: usize) -> Option<u32> {
        Some(u32_at(&self.bytes, at + 4)? >> 24 & 0x1f)
    }

    fn len(&self, at: usize) -> Option<usize> {
        Some((u32_at(&self.bytes, at + 4)? & 0xffff) as usize)
    }

    fn string(&self, offset: u32) -> Option<&str> {
        let rest = self.bytes.get(self.strings.checked_add(offset as usize)?..)?;
        std::str::from_utf8(rest.get(..rest.iter().position(|&b| b == 0)?)?).ok()
    }
}

/// Bytes that follow the twelve of each type.
fn tail(kind: u32, len: usize) -> usize {
    match kind {
        kind::INT | kind::VAR | kind::DECL_TAG => 4,
        kind::ARRAY => 12,
        kind::STRUCT | kind::UNION | kind::DATASEC | kind::ENUM64 => 12 * len,
        kind::ENUM | kind::FUNC_PROTO => 8 * len,
        _ => 0,
    }
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..at.checked_add(4)?)?.try_into().ok().map(u32::from_ne_bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    #[cfg_attr(not(has_btf), ignore = "this kernel shows no BTF")]
    fn fields_of_the_running_kernel_are_found_through_typedefs_and_anonymous_structs() {
        let btf = Btf::of_running_kernel().unwrap();
        assert_eq!(btf.offset("pid.numbers").unwrap() % 8, 0);
        assert!(btf.offset("task_struct.comm").unwrap() > btf.offset("task_struct.pid").unwrap());
        assert_eq!(btf.size("upid").unwrap(), 16);
        // `signal->live` is a typedef of a struct; `struct page` is made of anonymous unions.
        assert!(btf.offset("signal_struct.live.counter").is_ok());
        assert!(btf.offset("page.mapping").is_ok());
    }

    #[test]
    fn a_field_that_is_not_there_is_named() {
        let btf = Btf::parse(header(0, 1, b"\0")).unwrap();
        assert_eq!(
            btf.offset("task_struct.nonsense").unwrap_err().to_string(),
            "this kernel has no `task_struct.nonsense`"
        );
    }

    #[test]
    fn a_cut_file_is_none() {
        let whole = header(0, 5, b"\0int\0");
        assert!(Btf::parse(whole.clone()).is_some());
        for len in 0..whole.len() {
            assert!(Btf::parse(whole[..len].to_vec()).is_none(), "{len}");
        }
    }

    /// BTF with `types` bytes of types, then strings.
    pub(super) fn header(types: u32, strings: u32, content: &[u8]) -> Vec<u8> {
        let words = [0x0001_eb9f_u32, 24, 0, types, types, strings];
        words.iter().flat_map(|word| word.to_ne_bytes()).chain(content.iter().copied()).collect()
    }

    proptest! {
        #[test]
        fn any_bytes_are_types_or_none(content in prop::collection::vec(any::<u8>(), 0..400), types in 0_u32..400) {
            let strings = (content.len() as u32).saturating_sub(types);
            if let Some(btf) = Btf::parse(header(types, strings, &content)) {
                let _ = btf.offset("a.b.c");
                for name in btf.structs.keys() {
                    let _ = btf.offset(&format!("{name}.x"));
                    let _ = btf.size(name);
                }
            }
        }
    }
}
