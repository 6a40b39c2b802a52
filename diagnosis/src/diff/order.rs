//! Where the courses of two runs part: a longest common subsequence of what each program did, bounded in time and memory.

use super::act::Act;
use super::course::Step;
use super::difference::{Parting, Side};
use super::run::Run;
use similar::{Algorithm, DiffOp, capture_diff_slices};
use std::collections::{BTreeSet, HashMap};

/// Programs whose courses are compared.
const MAX_PROGRAMS: usize = 16;
/// Steps of a course that are compared, behind what both begin with.
const MAX_STEPS: usize = 2_000;

/// The courses of two runs, side by side.
#[derive(Default)]
pub(super) struct Order {
    /// Where they part first.
    pub(super) parting: Option<Parting>,
    /// What both did at the same point, with another outcome.
    pub(super) in_place: BTreeSet<Act>,
    /// How many steps and programs were too many to compare.
    pub(super) left_out: usize,
}

/// Compares the courses of the programs that both ran, that of `first` before the others.
pub(super) fn order(a: &Run<'_>, b: &Run<'_>, first: Option<&str>) -> Order {
    let mut order = Order::default();
    let of_both = a.courses.keys().filter(|program| b.courses.contains_key(*program));
    let mut programs: Vec<&String> = of_both.collect();
    programs.sort_by_key(|program| {
        let began = a.courses.get(*program).and_then(|course| course.first()).map(|step| step.at_ns);
        (first != Some(program.as_str()), began)
    });
    order.left_out = programs.len().saturating_sub(MAX_PROGRAMS);
    for program in programs.into_iter().take(MAX_PROGRAMS) {
        if let (Some(of_a), Some(of_b)) = (a.courses.get(program), b.courses.get(program)) {
            order.course(program, (a, of_a), (b, of_b));
        }
    }
    order
}

impl Order {
    fn course(&mut self, program: &str, (a, of_a): (&Run<'_>, &[Step]), (b, of_b): (&Run<'_>, &[Step])) {
        let begin = of_a.iter().zip(of_b).take_while(|(a, b)| (&a.act, a.errno) == (&b.act, b.errno)).count();
        let (rest_a, rest_b) = (of_a.get(begin..).unwrap_or_default(), of_b.get(begin..).unwrap_or_default());
        self.left_out += rest_a.len().saturating_sub(MAX_STEPS) + rest_b.len().saturating_sub(MAX_STEPS);
        let rest_a = rest_a.get(..MAX_STEPS).unwrap_or(rest_a);
        let rest_b = rest_b.get(..MAX_STEPS).unwrap_or(rest_b);
        let mut numbers = HashMap::new();
        let numbers_a = numbered(&mut numbers, rest_a);
        let numbers_b = numbered(&mut numbers, rest_b);
        let mut after = begin.checked_sub(1).and_then(|last| of_a.get(last));
        for op in capture_diff_slices(Algorithm::Myers, &numbers_a, &numbers_b) {
            let (range_a, range_b) = (op.old_range(), op.new_range());
            let steps_a = rest_a.get(range_a).unwrap_or_default();
            let steps_b = rest_b.get(range_b).unwrap_or_default();
            if let DiffOp::Equal { .. } = op {
                for (step_a, step_b) in steps_a.iter().zip(steps_b) {
                    if step_a.errno.is_some() != step_b.errno.is_some() {
                        self.in_place.insert(step_a.act.clone());
                        self.part(program, after, Some(step_a), Some(step_b));
                    }
                    after = Some(step_a);
                }
            } else {
                // What both do, only in another order, parts them not: threads and timers do that.
                let alone_a = steps_a.iter().find(|step| !b.acts.contains_key(&step.act));
                let alone_b = steps_b.iter().find(|step| !a.acts.contains_key(&step.act));
                if alone_a.is_some() || alone_b.is_some() {
                    self.part(program, after, alone_a, alone_b);
                }
                after = steps_a.last().or(after);
            }
        }
    }

    /// That they part here, if they have not before.
    fn part(&mut self, program: &str, after: Option<&Step>, a: Option<&Step>, b: Option<&Step>) {
        let text = |step: Option<&Step>| step.map(Step::text);
        let program = program.to_owned();
        self.parting.get_or_insert_with(|| Parting { program, after: text(after), a: text(a), b: text(b) });
    }
}

impl Parting {
    /// What one of them did then.
    #[must_use]
    pub fn of(&self, side: Side) -> Option<&str> {
        match side {
            Side::A => self.a.as_deref(),
            Side::B => self.b.as_deref(),
        }
    }
}

/// The same number for the same act.
fn numbered<'s>(numbers: &mut HashMap<&'s Act, usize>, steps: &'s [Step]) -> Vec<usize> {
    let number = |step: &'s Step| {
        let next = numbers.len();
        *numbers.entry(&step.act).or_insert(next)
    };
    steps.iter().map(number).collect()
}
