//! Tests with real runc containers.

mod cgroups;
mod gone;
mod harness;
mod many;
mod readme;
mod secrets;
mod start;

use rewind_tests::suite::{Need, Suite};
use std::process::ExitCode;

const CONTAINER: [Need; 7] = [
    Need::Root,
    Need::Bpf,
    Need::Ours("rewind-agent"),
    Need::Ours("rewind"),
    Need::Program("runc"),
    Need::Program("busybox"),
    Need::StaticC,
];

fn main() -> ExitCode {
    let mut with_strace = CONTAINER.to_vec();
    with_strace.push(Need::Program("strace"));
    let mut with_python = CONTAINER.to_vec();
    with_python.push(Need::Program("python3"));
    let mut with_curl = CONTAINER.to_vec();
    with_curl.extend([Need::Program("curl"), Need::Program("timeout")]);
    let plain = [Need::Root, Need::Program("runc"), Need::Program("busybox"), Need::StaticC];
    Suite::default()
        .test("a_container_ends_and_leaves_nothing", &plain, harness::ends_and_leaves_nothing)
        .test("a_container_has_a_cgroup_and_streams", &plain, harness::has_a_cgroup_and_streams)
        .test("the_entry_points_first_call_is_there", &with_strace, start::first_call)
        .test("a_container_that_ran_before_the_recorder_is_recorded_from_then_on", &CONTAINER, start::older)
        .test("two_containers_never_mix", &CONTAINER, cgroups::separate)
        .test("a_sub_cgroup_writes_into_its_containers_recording", &CONTAINER, cgroups::below)
        .test("a_container_that_is_gone_can_be_read", &with_python, gone::crashed)
        .test("an_unknown_target_is_one_sentence", &CONTAINER, gone::unknown)
        .test("the_readmes_everyday_commands_work_on_a_container_called_web", &with_curl, readme::everyday)
        .test("payload_is_kept_only_where_it_is_switched_on", &CONTAINER, readme::payload)
        .test("no_recording_of_a_container_holds_what_it_was_told_in_confidence", &CONTAINER, secrets::redacted)
        .test("two_hundred_containers_leave_nothing_behind", &CONTAINER, many::two_hundred)
        .run()
}
