//! Clocks, timers and sleep.

use super::arg::ArgKind::{Choice, Clock, Fd, Flags, In, Int, Out, Pointer, Remaining, Uint};
use super::arg::Shape::{I32, Itimerspec, Itimerval, Sigevent, Time, Timespec, Timeval, Timezone};
use super::bits::{CLOCK, DESC, ENTRY, ORDINARY, SLEEPS};
use super::flags::time::{ITIMER, TFD_CREATE, TIMER};
use super::{Made, NONE, Return, Row, row};

/// The rows: name, number on x86-64, number on arm64, arguments, result, classes and flags.
#[rustfmt::skip]
pub(super) const ROWS: &[Row] = &[
    row("nanosleep", 35, 101, &[In(Timespec), Remaining], Return::Int, ORDINARY | ENTRY | SLEEPS),
    row("clock_nanosleep", 230, 115, &[Clock, Flags(&TIMER), In(Timespec), Remaining], Return::Int, ORDINARY | ENTRY | SLEEPS),
    row("clock_gettime", 228, 113, &[Clock, Out(Timespec)], Return::Int, CLOCK),
    row("clock_settime", 227, 112, &[Clock, In(Timespec)], Return::Int, CLOCK),
    row("clock_getres", 229, 114, &[Clock, Out(Timespec)], Return::Int, CLOCK),
    row("clock_adjtime", 305, 266, &[Clock, Pointer], Return::Int, CLOCK),
    row("adjtimex", 159, 171, &[Pointer], Return::Int, CLOCK),
    row("gettimeofday", 96, 169, &[Out(Timeval), Out(Timezone)], Return::Int, CLOCK),
    row("settimeofday", 164, 170, &[In(Timeval), In(Timezone)], Return::Int, CLOCK),
    row("time", 201, NONE, &[Out(Time)], Return::Time, CLOCK),
    row("times", 100, 153, &[Pointer], Return::Int, 0),
    row("alarm", 37, NONE, &[Uint], Return::Int, 0),
    row("getitimer", 36, 102, &[Choice(&ITIMER), Out(Itimerval)], Return::Int, 0),
    row("setitimer", 38, 103, &[Choice(&ITIMER), In(Itimerval), Out(Itimerval)], Return::Int, 0),
    row("timer_create", 222, 107, &[Clock, In(Sigevent), Out(I32)], Return::Int, 0),
    row("timer_settime", 223, 110, &[Int, Flags(&TIMER), In(Itimerspec), Out(Itimerspec)], Return::Int, 0),
    row("timer_gettime", 224, 108, &[Int, Out(Itimerspec)], Return::Int, 0),
    row("timer_getoverrun", 225, 109, &[Int], Return::Int, 0),
    row("timer_delete", 226, 111, &[Int], Return::Int, 0),
    row("timerfd_create", 283, 85, &[Clock, Flags(&TFD_CREATE)], Return::Fd(Made::Anonymous("[timerfd]")), DESC),
    row("timerfd_settime", 286, 86, &[Fd, Flags(&TFD_CREATE), In(Itimerspec), Out(Itimerspec)], Return::Int, DESC),
    row("timerfd_gettime", 287, 87, &[Fd, Out(Itimerspec)], Return::Int, DESC),
];
