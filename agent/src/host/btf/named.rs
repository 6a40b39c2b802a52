//! What is looked up by name but is no field: tracepoints and what they pass, functions, values of enums.

use super::{Btf, kind, u32_at};

impl Btf {
    /// The value of an enumerator.
    #[must_use]
    pub(crate) fn enumerator(&self, name: &str, enumerator: &str) -> Option<u32> {
        let at = self.named(kind::ENUM, name)?;
        let entries = (0..self.len(at)?).map(|i| at + 12 + i * 8);
        let of_name =
            |entry: &usize| u32_at(&self.bytes, *entry).and_then(|name| self.string(name)) == Some(enumerator);
        u32_at(&self.bytes, entries.into_iter().find(of_name)? + 4)
    }

    /// Whether a tracepoint is built in: it has a type `btf_trace_NAME` then.
    #[must_use]
    pub(crate) fn has_tracepoint(&self, name: &str) -> bool {
        self.prototype(name).is_some()
    }

    /// Whether there is such a function.
    #[must_use]
    pub(crate) fn has_function(&self, name: &str) -> bool {
        self.named(kind::FUNC, name).is_some()
    }

    /// Where the type `btf_trace_NAME` of a tracepoint starts.
    fn prototype(&self, tracepoint: &str) -> Option<usize> {
        self.named(kind::TYPEDEF, &format!("btf_trace_{tracepoint}"))
    }

    /// Whether a tracepoint passes a pointer as argument `i`. Its prototype is `btf_trace_NAME`, where
    /// the argument is the second at the earliest: the first is the tracepoint's own.
    #[must_use]
    pub(crate) fn passes_pointer(&self, tracepoint: &str, i: usize) -> bool {
        let of = || {
            let pointer = self.plain(u32_at(&self.bytes, self.prototype(tracepoint)? + 8)?)?;
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
        assert!(btf.has_function("do_exit") && !btf.has_function("do_nonsense"));
    }

    #[test]
    fn only_whole_names_of_the_right_kind_count() {
        // A typedef, a function and a typedef, whose names are at 1, 21 and 40.
        let strings = b"\0btf_trace_sys_enter\0btf_trace_sys_exit\0xbtf_trace_mkdir\0";
        let types = [[1, kind::TYPEDEF << 24, 0], [21, kind::FUNC << 24, 0], [40, kind::TYPEDEF << 24, 0]];
        let mut content: Vec<u8> = types.as_flattened().iter().flat_map(|word| word.to_ne_bytes()).collect();
        content.extend(strings);
        let btf = Btf::parse(super::super::tests::header(36, strings.len() as u32, &content)).unwrap();
        assert!(btf.has_tracepoint("sys_enter") && !btf.has_function("btf_trace_sys_enter"));
        assert!(btf.has_function("btf_trace_sys_exit") && !btf.has_tracepoint("sys_exit"));
        assert!(!btf.has_tracepoint("mkdir") && !btf.has_tracepoint("sys"));
    }
}
