//! What a program of the corpus is.

use rewind_tests::bundle::Spec;
use rewind_tests::suite::Need;

/// A program that goes wrong, and its twin that does not.
pub(crate) struct Program {
    /// Unique; begins with the runtime where that matters.
    pub(crate) name: &'static str,
    /// What goes wrong.
    pub(crate) bad: Setup,
    /// The same program where nothing does.
    pub(crate) twin: Setup,
    /// The answer has each of these; of some, one of several, `a|b`. In lower and upper case alike.
    pub(crate) right: &'static [&'static str],
    /// The answer has none of these.
    pub(crate) wrong: &'static [&'static str],
}

/// A row: what has to be in the answer.
pub(crate) fn program(name: &'static str, bad: Setup, twin: Setup, right: &'static [&'static str]) -> Program {
    Program { name, bad, twin, right, wrong: &[] }
}

impl Program {
    /// What must not be in the answer.
    pub(crate) fn not(mut self, wrong: &'static [&'static str]) -> Self {
        self.wrong = wrong;
        self
    }

    /// What the machine has to have.
    pub(crate) fn needs(&self) -> Vec<Need> {
        [&self.bad, &self.twin].iter().flat_map(|setup| &setup.needs).copied().collect()
    }
}

/// How a container goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Life {
    /// To its end.
    Ends,
    /// It takes connections at that address until it is sent SIGTERM from outside.
    Serves(&'static str),
    /// It stands still, and lives.
    Stands,
    /// It is sent that signal from outside once it is up.
    Sent(&'static str),
    /// It stands still, and is sent that signal from outside once that is told.
    Stopped(&'static str),
    /// It stands still from then on: its cgroup is frozen, as by `runc pause`.
    Paused,
}

/// What a program is made of, where the host has no such program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Source {
    /// `sources/corpus.c`, for glibc.
    C,
    /// The same, of 32 bits.
    C32,
    /// The same, for musl.
    Musl,
    /// `sources/corpus.go`.
    Go,
    /// `sources/corpus.rs`.
    Rust,
    /// `sources/Corpus.java`.
    Java,
}

/// Stands for the program that is compiled, among the arguments and in files.
pub(crate) const BUILT: &str = "<built>";

/// A container: what runs in it, among what.
#[derive(Clone, Debug)]
pub(crate) struct Setup {
    pub(crate) spec: Spec,
    pub(crate) source: Option<Source>,
    /// Path, text and mode; root owns them.
    pub(crate) files: Vec<(&'static str, String, u32)>,
    pub(crate) life: Life,
    needs: Vec<Need>,
}

/// A program of the host's with its arguments.
pub(crate) fn run(args: &[&str]) -> Setup {
    let needs = args.first().map(|program| Need::Program(Box::leak((*program).to_owned().into_boxed_str())));
    let mut spec = Spec::new(args.iter().copied());
    spec.own_network = true;
    Setup { spec, source: None, files: Vec::new(), life: Life::Ends, needs: needs.into_iter().collect() }
}

/// A program that is compiled, with its arguments.
pub(crate) fn built(source: Source, args: &[&str]) -> Setup {
    let mut setup = run(&[]).compiled(source);
    setup.spec.args = [&[BUILT], args].concat().into_iter().map(str::to_owned).collect();
    setup
}

pub(crate) fn python(script: &str) -> Setup {
    // Not what stands first in the host's `PATH`: that need not be below `/usr`.
    run(&["/usr/bin/python3", "-c", script])
}

pub(crate) fn node(script: &str) -> Setup {
    run(&["/usr/bin/node", "-e", script])
}

pub(crate) fn sh(script: &str) -> Setup {
    run(&["/usr/bin/dash", "-c", script])
}

pub(crate) fn bash(script: &str) -> Setup {
    run(&["/usr/bin/bash", "-c", script])
}

impl Setup {
    /// With a program that is compiled, which [`BUILT`] stands for.
    pub(crate) fn compiled(mut self, source: Source) -> Self {
        self.needs.push(match source {
            Source::C => Need::Program("gcc"),
            Source::C32 => Need::File("/usr/lib32/libc.so.6"),
            Source::Musl => Need::Program("musl-gcc"),
            Source::Go => Need::Program("go"),
            Source::Rust => Need::Program("rustc"),
            Source::Java => Need::Program("javac"),
        });
        self.source = Some(source);
        self
    }

    /// With a file that all may read.
    pub(crate) fn file(self, path: &'static str, text: &str) -> Self {
        self.file_of_mode(path, text, 0o644)
    }

    /// With a file; one that ends with a slash is a folder.
    pub(crate) fn file_of_mode(mut self, path: &'static str, text: &str, mode: u32) -> Self {
        self.files.push((path, text.to_owned(), mode));
        self
    }

    pub(crate) fn life(mut self, life: Life) -> Self {
        self.life = life;
        self
    }

    /// In the host's network, where the corpus' peers are.
    pub(crate) fn with_peers(mut self) -> Self {
        self.spec.own_network = false;
        self
    }

    /// Changes what the container may do.
    pub(crate) fn limited(mut self, change: impl FnOnce(&mut Spec)) -> Self {
        change(&mut self.spec);
        self
    }

    /// Not as process 1, but as its child.
    pub(crate) fn below(mut self, init: &[&str]) -> Self {
        let program = init.first().map(|program| Need::Program(Box::leak((*program).to_owned().into_boxed_str())));
        self.needs.extend(program);
        self.spec.args.splice(0..0, init.iter().map(|word| (*word).to_owned()));
        self
    }
}
