//! System calls by name and by class, as strace's `-e trace=` has them.

use super::FilterError;
use crate::call::Call;
use crate::syscalls::{self, Arch, class, compat};
use rewind_common::capture::ROWS;
use std::str::FromStr;

/// Names and `%classes` with commas between; with `!` in front, all but those. The default is all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Calls {
    terms: Vec<String>,
    but: Vec<String>,
}

impl FromStr for Calls {
    type Err = FilterError;

    fn from_str(text: &str) -> Result<Self, FilterError> {
        let (but, list) = text.trim().strip_prefix('!').map_or((false, text.trim()), |list| (true, list));
        let terms: Vec<_> = list.split(',').map(str::trim).filter(|term| !term.is_empty()).map(str::to_owned).collect();
        if terms.is_empty() {
            return Err(FilterError::NoSyscall);
        }
        terms.iter().try_for_each(|term| check(term))?;
        Ok(if but { Self { terms: Vec::new(), but: terms } } else { Self { terms, but: Vec::new() } })
    }
}

impl Calls {
    /// What several options of one command line mean together: all that they name, without what those
    /// with a `!` name.
    #[must_use]
    pub fn all_of(options: impl IntoIterator<Item = Self>) -> Self {
        options.into_iter().fold(Self::default(), |mut all, option| {
            all.terms.extend(option.terms);
            all.but.extend(option.but);
            all
        })
    }

    /// The numbers of these calls on `arch`; without an architecture that is known, calls of the
    /// 64-bit table are taken for those of x86-64.
    pub(super) fn numbers(&self, arch: &str) -> Numbers {
        let arch = Arch::parse(arch).unwrap_or_default();
        let numbers = (0..ROWS as u16).collect::<Vec<_>>();
        let bits = |name: &dyn Fn(u16) -> Option<&'static str>| {
            let mut bits = [0; WORDS];
            for nr in numbers.iter().filter(|nr| self.has(name(**nr))) {
                if let Some(word) = bits.get_mut(usize::from(*nr) / 64) {
                    *word |= 1 << (nr % 64);
                }
            }
            bits
        };
        Numbers {
            native: bits(&|nr| syscalls::by_number(arch, nr).map(|row| row.name)),
            compat: bits(&compat::name),
            beyond: self.has(None),
        }
    }

    /// Whether a call of that name belongs to these; one without a name does where all do.
    fn has(&self, name: Option<&str>) -> bool {
        let named = |terms: &[String]| name.is_some_and(|name| terms.iter().any(|term| is_in(name, term)));
        (self.terms.is_empty() || named(&self.terms)) && !named(&self.but)
    }
}

const WORDS: usize = ROWS as usize / 64;

/// Numbers of calls of one architecture.
#[derive(Clone, Copy, Debug)]
pub(super) struct Numbers {
    /// Of its 64-bit table.
    native: [u64; WORDS],
    /// Of its 32-bit table.
    compat: [u64; WORDS],
    /// Whether numbers beyond the tables belong to it.
    beyond: bool,
}

impl Numbers {
    pub(super) fn contains(&self, call: &Call<'_>) -> bool {
        let table = if call.is_compat() { &self.compat } else { &self.native };
        table.get(usize::from(call.nr) / 64).map_or(self.beyond, |word| word >> (call.nr % 64) & 1 == 1)
    }
}

fn is_in(name: &str, term: &str) -> bool {
    match class_bits(term) {
        None => name == term,
        Some(bits) => syscalls::by_name(name).is_some_and(|row| row.has(bits)),
    }
}

/// The bits of a class; a name without `%` is one only where no call has it.
fn class_bits(term: &str) -> Option<u64> {
    if !term.starts_with('%') && syscalls::by_name(term).is_some() { None } else { class::bits(term) }
}

fn check(term: &str) -> Result<(), FilterError> {
    let is_compat = || (0..ROWS as u16).any(|nr| compat::name(nr) == Some(term));
    if class_bits(term).is_some() || syscalls::by_name(term).is_some() || is_compat() {
        return Ok(());
    }
    if term.starts_with('%') {
        return Err(FilterError::Class(term.to_owned()));
    }
    let likeness = |name: &str| (strsim::jaro_winkler(term, name) * 1e6) as u64;
    let nearest = syscalls::all().map(|row| row.name).max_by_key(|name| likeness(name));
    Err(FilterError::Syscall { name: term.to_owned(), nearest: nearest.filter(|name| likeness(name) > 800_000) })
}
