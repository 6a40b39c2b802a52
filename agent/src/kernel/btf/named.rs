//! What is looked up by name but is no field: values of enums, and what tracepoints pass.

use super::{Btf, kind, u32_at};

impl Btf {
    /// The value of an enumerator.
    #[must_use]
    pub fn enumerator(&self, name: &str, enumerator: &str) -> Option<u32> {
        let at = self.named(kind::ENUM, name)?;
        let entries = (0..self.len(at)?).map(|i| at + 12 + i * 8);
        let of_name =
            |entry: &usize| u32_at(&self.bytes, *entry).and_then(|name| self.string(name)) == Some(enumerator);
        u32_at(&self.bytes, entries.into_iter().find(of_name)? + 4)
    }

    /// Whether a tracepoint passes a pointer as argument `i`. Its prototype is `btf_trace_NAME`, where
    /// the argument is the second at the earliest: the first is the tracepoint's own.
    #[must_use]
    pub fn passes_pointer(&self, tracepoint: &str, i: usize) -> bool {
        let of = || {
            let pointer =
                self.plain(u32_at(&self.bytes, self.named(kind::TYPEDEF, &format!("btf_trace_{tracepoint}"))? + 8)?)?;
            let prototype = self.plain(u32_at(&self.bytes, pointer + 8)?)?;
            if self.kind(prototype)? != kind::FUNC_PROTO || i + 1 >= self.len(prototype)? {
                return None;
            }
            self.kind(self.plain(u32_at(&self.bytes, prototype + 12 + (i + 1) * 8 + 4)?)?)
        };
        of() == Some(kind::PTR)
    }

    /// Where the type of that kind and name starts.
    fn named(&self, kind: u32, name: &str) -> Option<usize> {
        let mut starts = self.types.iter().skip(1).map(|&at| at as usize);
        starts.find(|&at| {
            self.kind(at) == Some(kind) && u32_at(&self.bytes, at).and_then(|name| self.string(name)) == Some(name)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg_attr(not(has_btf), ignore = "this kernel shows no BTF")]
    fn what_the_running_kernels_tracepoints_pass_is_known() {
        let btf = Btf::of_running_kernel().unwrap();
        // `signal_generate(int sig, struct kernel_siginfo *info, ...)`.
        assert!(!btf.passes_pointer("signal_generate", 0) && btf.passes_pointer("signal_generate", 1));
        assert!(!btf.passes_pointer("signal_generate", 99) && !btf.passes_pointer("no_such_tracepoint", 0));
        assert_eq!(btf.enumerator("hrtimer_restart", "HRTIMER_RESTART"), Some(1));
        assert_eq!(btf.enumerator("hrtimer_restart", "NONSENSE"), None);
    }
}
