//! Tests against the running kernel: a program does X, exactly these records come.

mod attack;
mod budget;
mod connections;
mod crowd;
mod descriptors;
mod endings;
mod events;
mod feed;
mod fidelity;
mod file;
mod hosts;
mod in_progress;
mod kills;
mod list;
mod listening;
mod load;
mod loss;
mod messages;
mod missed;
mod moves;
mod pins;
mod readme;
mod record;
mod refused;
mod server;
mod swarm;
mod trace;
mod unanswered;
mod unfinished;

use rewind_tests::programs::COMPLAINING;
use rewind_tests::suite::{Need, Suite};
use rewind_tests::terminal;
use std::process::ExitCode;

const RECORD: [Need; 4] = [Need::Root, Need::Bpf, Need::Ours("rewind-agent"), Need::StaticC];
const FILE: [Need; 4] = [Need::Root, Need::Bpf, Need::Ours("rewind-agent"), Need::Ours("rewind")];
const DAEMON: [Need; 5] = [Need::Root, Need::Bpf, Need::Ours("rewind-agent"), Need::Ours("rewind"), Need::StaticC];

/// What a comparison with strace needs, and `program` on top.
fn oracle(program: &'static str) -> Vec<Need> {
    let mut needs = RECORD.to_vec();
    needs.extend([Need::Program("strace"), Need::Program("setarch"), Need::Program(program)]);
    needs
}

/// Needs, and `program` on top.
fn with(needs: &[Need], program: &'static str) -> Vec<Need> {
    needs.iter().copied().chain([Need::Program(program)]).collect()
}

/// What it takes to make connections in a network namespace of one's own.
fn redis() -> Vec<Need> {
    let programs = ["redis-server", "redis-cli", "unshare", "ip"].map(Need::Program);
    RECORD.into_iter().chain(programs).collect()
}

fn tcp() -> Vec<Need> {
    let programs = ["python3", "unshare", "ip"].map(Need::Program);
    RECORD.into_iter().chain(programs).collect()
}

/// What it takes to hear what the kernel side complains of.
fn with_complaints() -> Vec<Need> {
    DAEMON.into_iter().chain([Need::Ours(COMPLAINING)]).collect()
}

fn main() -> ExitCode {
    Suite::default()
        .test("a_shell_script_reads_as_strace_shows_it", &oracle("sh"), fidelity::shell)
        .test("a_python_program_reads_as_strace_shows_it", &oracle("python3"), fidelity::python)
        .test("wget_reads_as_strace_shows_it", &oracle("wget"), fidelity::wget)
        .test("curl_reads_as_strace_shows_it", &oracle("curl"), fidelity::curl)
        .test("a_threaded_server_reads_as_strace_shows_it", &oracle("gcc"), fidelity::threads)
        .test("a_forking_server_reads_as_strace_shows_it", &oracle("gcc"), fidelity::forking)
        .test("calls_of_every_kind_read_as_strace_shows_them", &oracle("gcc"), fidelity::assorted)
        .test("arguments_that_mean_nothing_read_as_strace_shows_them", &oracle("gcc"), fidelity::odd)
        .test("perl_reads_as_strace_shows_it", &oracle("perl"), fidelity::perl)
        .test("tar_reads_as_strace_shows_it", &oracle("tar"), fidelity::tar)
        .test("static_applets_read_as_strace_shows_them", &oracle("busybox"), fidelity::applets)
        .test("record_leaves_standard_streams_alone", &RECORD, record::streams)
        .test("record_exits_as_its_command_did", &RECORD, record::exit_codes)
        .test("record_keeps_both_ends_of_a_long_complaint", &with(&RECORD, "python3"), record::both_ends)
        .test("record_has_what_is_said_by_other_descriptors", &with(&RECORD, "python3"), record::other_descriptors)
        .test("record_of_a_storm_is_whole", &with(&RECORD, "dd"), record::storm)
        .test("record_hides_secrets_unless_told_not_to", &RECORD, record::secrets)
        .test("record_of_a_missing_program_is_one_sentence", &RECORD, record::missing)
        .test("record_saves_a_file_that_reads_offline", &FILE, file::saved)
        .test(
            "why_names_the_denied_file",
            &[&with(&FILE, "python3")[..], &[Need::Program("setpriv")]].concat(),
            file::denied,
        )
        .test("why_names_the_missing_file", &FILE, file::missing)
        .test("why_names_the_refused_peer", &with(&FILE, "python3"), file::refused)
        .test("why_names_the_limit_on_descriptors", &with(&FILE, "python3"), file::descriptors)
        .test("why_names_the_refused_memory", &with(&FILE, "python3"), file::memory)
        .test("why_names_the_signal_and_its_sender", &with(&FILE, "python3"), file::killed)
        .test("why_says_that_nothing_is_unusual", &FILE, file::fine)
        .test("a_child_killed_in_a_call_shows_the_call_unfinished", &RECORD, unfinished::killed)
        .test("an_execve_of_strings_in_pages_never_touched_shows_them", &RECORD, events::cold)
        .test("forks_execs_signals_and_ends_are_events", &RECORD, events::life)
        .test("a_trace_names_the_sender_of_a_signal", &DAEMON, events::traced)
        .test("connections_and_what_becomes_of_them_are_events", &tcp(), connections::fates)
        .test("redis_and_its_clients_are_told_as_they_were", &redis(), connections::redis)
        .test("a_storm_of_short_connections_loses_nothing_uncounted", &tcp(), connections::storm)
        .test("each_end_of_a_connection_is_told_where_it_is", &with(&DAEMON, "python3"), connections::views)
        .test("a_refused_connect_outlives_a_storm_of_connections", &with(&DAEMON, "python3"), connections::protected)
        .test("requests_and_their_responses_are_told_as_they_were_made", &tcp(), messages::requests)
        .test(
            "lookups_of_each_resolver_are_told_with_their_answers",
            &tcp().into_iter().chain(["go", "node", "musl-gcc"].map(Need::Program)).collect::<Vec<_>>(),
            messages::lookups,
        )
        .test(
            "a_trace_tells_a_question_that_nobody_answers_by_the_clock",
            &DAEMON.into_iter().chain(["python3", "unshare", "ip"].map(Need::Program)).collect::<Vec<_>>(),
            unanswered::traced,
        )
        .test(
            "what_systemd_resolved_is_asked_and_asks_is_told_of_both",
            &with(&tcp(), rewind_tests::resolved::PROGRAM),
            messages::through_a_stub,
        )
        .test(
            "a_chain_of_services_is_one_trace_with_the_right_parents",
            &DAEMON.into_iter().chain(["curl", "nginx", "node", "python3"].map(Need::Program)).collect::<Vec<_>>(),
            messages::chain,
        )
        .test("an_exec_from_a_thread_keeps_the_sequence", &RECORD, unfinished::thread_exec)
        .test("a_32_bit_call_is_read_by_its_own_table", &RECORD, unfinished::compat)
        .test("a_call_that_a_filter_refuses_is_recorded_with_its_strings", &RECORD, refused::by_errno)
        .test("a_new_process_whose_first_call_is_refused_shows_it", &RECORD, refused::first_of_all)
        .test("a_call_that_a_filter_answers_with_a_signal_is_recorded", &RECORD, refused::by_signal)
        .test("a_call_that_a_filters_supervisor_answers_is_recorded", &RECORD, refused::by_a_supervisor)
        .test("a_call_that_a_tracer_answers_is_recorded", &RECORD, refused::by_a_tracer)
        .test("a_call_that_user_dispatch_takes_is_recorded", &RECORD, refused::by_dispatch)
        .test("an_adopted_threads_first_return_is_no_refusal", &DAEMON, refused::adopted)
        .test("a_call_that_blocks_is_shown", &DAEMON, unfinished::blocked)
        .test("a_container_that_hangs_already_is_shown_with_what_it_hangs_in", &DAEMON, in_progress::hung)
        .test("what_began_before_is_known_to_the_next_agent_and_gone_when_it_is_made_anew", &DAEMON, in_progress::again)
        .test("a_32_bit_call_that_began_before_is_named_by_its_own_table", &DAEMON, in_progress::other_table)
        .test("a_frozen_container_is_in_no_call", &DAEMON, in_progress::frozen)
        .test(
            "descriptors_that_were_open_before_the_recorder_came_are_named",
            &with(&DAEMON, "python3"),
            descriptors::adopted,
        )
        .test("descriptors_that_a_recorded_command_inherits_are_named", &FILE, descriptors::inherited)
        .test("idle_containers_leave_room_for_those_that_work", &DAEMON, in_progress::many)
        .test("a_trace_begins_with_what_threads_are_in", &DAEMON, in_progress::traced)
        .test("a_sleeper_that_was_there_before_is_nothing_unusual", &DAEMON, in_progress::idle)
        .test("threads_that_share_a_place_are_recorded_apart", &RECORD, crowd::shared_places)
        .test("the_states_of_threads_that_ended_are_given_back", &DAEMON, crowd::given_back)
        .test("a_process_that_moves_is_recorded_where_it_is", &DAEMON, moves::between_containers)
        .test("a_process_that_is_moved_while_it_is_in_a_call_is_recorded", &DAEMON, moves::in_a_call)
        .test("a_unit_with_a_step_before_ends_as_its_main_process_does", &DAEMON, endings::with_a_step_before)
        .test("who_enters_a_living_container_is_not_its_main_process", &DAEMON, endings::of_a_visitor)
        .test("how_a_daemon_ended_that_its_starter_left_behind_is_not_known", &DAEMON, endings::of_a_daemon)
        .test("the_main_process_of_a_cgroup_that_was_there_before_is_known", &DAEMON, endings::of_an_older_one)
        .test("a_container_with_20000_cgroups_takes_no_others_recording", &DAEMON, attack::by_cgroups)
        .test("20000_cgroups_that_were_there_before_take_no_others_recording", &DAEMON, attack::before_the_recorder)
        .test(
            "threads_processes_and_namespaces_without_end_cost_their_container_alone",
            &DAEMON,
            swarm::costs_its_container_alone,
        )
        .test("figures_add_up_when_the_ring_overflows", &DAEMON, loss::overflow)
        .test("runs_that_the_kernel_skips_are_counted_of_every_hook_or_it_is_said", &DAEMON, missed::counted)
        .test("rings_shrink_before_anything_else_goes", &DAEMON, budget::shrinks)
        .test("a_container_without_memory_is_named_and_recorded_later", &DAEMON, budget::refuses)
        .test("each_program_passes_the_verifier", &RECORD, load::programs)
        .test("each_program_passes_the_verifier_with_its_complaints", &with_complaints(), load::complaining)
        .test("a_container_without_a_ring_is_complained_of", &with_complaints(), load::complaints)
        .test("missing_rights_are_named", &with(&RECORD, "setpriv"), hosts::rights)
        .test("a_host_without_cgroup2_is_refused_by_name", &with(&RECORD, "unshare"), hosts::hierarchies)
        .test("a_kernel_without_btf_is_refused_by_name", &with(&RECORD, "unshare"), hosts::types)
        .test("a_budget_too_small_for_one_ring_is_refused", &RECORD, hosts::budget)
        .test("a_second_agent_is_turned_away", &DAEMON, hosts::second)
        .test("a_socket_nobody_listens_on_is_named", &DAEMON, hosts::nobody_listens)
        .test("a_malformed_filter_is_explained", &DAEMON, hosts::filters)
        .test("a_trace_shows_calls_as_they_come_and_ends_with_ctrl_c", &DAEMON, trace::live)
        .test("a_reader_that_stops_reading_holds_nobody_up", &DAEMON, trace::stalled)
        .test("a_list_by_counters_is_that_of_all_records", &DAEMON, list::figures)
        .test(
            "how_the_host_is_doing_is_drawn_until_a_key_ends_it",
            &with(&DAEMON, terminal::PROGRAM),
            list::on_a_terminal,
        )
        .test("lists_and_recordings_are_read_while_containers_come_and_go", &DAEMON, list::beside_others)
        .test("a_list_that_is_held_up_holds_up_no_container_that_comes", &DAEMON, list::held)
        .test("each_event_is_fed_once_and_in_the_order_of_its_thread", &DAEMON, feed::each_once)
        .test("a_subscriber_that_stalls_misses_only_its_own_and_each_is_counted", &DAEMON, feed::stalled)
        .test("containers_of_a_moment_are_fed_before_their_rings_make_room", &DAEMON, feed::short)
        .test("events_are_fed_on_when_the_agent_is_killed", &DAEMON, feed::killed)
        .test("a_killed_agent_loses_no_record", &DAEMON, pins::killed)
        .test("a_stopped_agent_leaves_the_recorder_recording", &DAEMON, pins::stopped)
        .test("a_second_agent_on_the_same_pins_is_turned_away", &DAEMON, pins::second)
        .test("unload_leaves_nothing_in_the_kernel", &DAEMON, pins::unloaded)
        .test("a_torn_set_of_pins_makes_room", &DAEMON, pins::torn)
        .test("rings_keep_the_sizes_that_they_were_made_with", &DAEMON, pins::sizes)
        .test("a_set_of_another_layout_is_counted_and_makes_room", &DAEMON, pins::other_layout)
        .test("recordings_of_another_version_are_saved_as_files", &DAEMON, pins::drained)
        .test("an_agent_does_not_record_itself_whenever_its_cgroup_was_made", &DAEMON, pins::own_cgroup)
        .test("an_agent_does_not_record_any_container_of_its_own_pod", &DAEMON, pins::own_pod)
        .test("without_pins_nothing_is_left_in_the_kernel", &DAEMON, pins::none)
        .test("pins_outside_of_bpffs_are_refused", &DAEMON, pins::elsewhere)
        .test("an_agent_killed_while_it_starts_is_in_nobodys_way", &DAEMON, kills::starts)
        .test("a_hundred_kills_lose_no_record", &DAEMON, kills::numbers)
        .test("a_hundred_kills_leak_no_ring_and_no_segment", &DAEMON, kills::pool)
        .test("the_readmes_commands_are_commands", &DAEMON, readme::commands)
        .test("who_says_nothing_goes_for_who_comes", &FILE, listening::silent)
        .test("who_asks_slowly_or_without_end_is_closed", &FILE, listening::slow)
        .test("who_breaks_off_anywhere_costs_nothing", &FILE, listening::broken)
        .run()
}
