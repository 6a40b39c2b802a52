//! What a program did to paths and peers, in order; repetitions count as one.

use super::act::Act;
use std::collections::BTreeMap;

/// One step of a course.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Step {
    pub(super) act: Act,
    /// Why it failed, if it did.
    pub(super) errno: Option<u16>,
    pub(super) at_ns: u64,
}

impl Step {
    /// "openat of /etc/passwd", "openat of /etc/passwd was denied (EACCES)".
    pub(super) fn text(&self) -> String {
        self.errno.map_or_else(|| self.act.name(), |errno| self.act.failed(errno))
    }
}

/// The steps of all threads of a program, one thread after the other: how threads take turns is another in each run.
pub(super) type Course = Vec<Step>;

/// Courses in the making.
#[derive(Default)]
pub(super) struct Courses {
    threads: BTreeMap<(String, u32), Course>,
}

impl Courses {
    pub(super) fn add(&mut self, tid: u32, at_ns: u64, act: Act, errno: Option<u16>) {
        let course = self.threads.entry((act.program.clone(), tid)).or_default();
        if course.last().is_none_or(|last| (&last.act, last.errno) != (&act, errno)) {
            course.push(Step { act, errno, at_ns });
        }
    }

    /// By program.
    pub(super) fn finish(self) -> BTreeMap<String, Course> {
        let mut threads: Vec<_> = self.threads.into_iter().map(|((program, _), course)| (program, course)).collect();
        threads.sort_by_key(|(_, course)| course.first().map(|step| step.at_ns));
        let mut courses = BTreeMap::<String, Course>::new();
        for (program, course) in threads {
            courses.entry(program).or_default().extend(course);
        }
        courses
    }
}
