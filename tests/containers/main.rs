//! Tests with real runc containers.

mod backends;
mod causes;
mod cgroups;
mod connected;
mod container_metrics;
mod crash;
mod death;
mod differs;
mod disk;
mod endings;
mod escapes;
mod export;
mod exported;
mod faults;
mod gone;
mod harness;
mod healthy;
mod host_metrics;
mod hosts;
mod many;
mod mcp;
mod perfetto;
mod pins;
mod readme;
mod refused;
mod scenarios;
mod scraped;
mod secrets;
mod side_by_side;
mod start;
mod store;
mod swarm;
mod transports;
mod upload;

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

const HOST: [Need; 4] = [Need::Root, Need::Bpf, Need::Ours("rewind-agent"), Need::Ours("rewind")];

fn main() -> ExitCode {
    let mut with_strace = CONTAINER.to_vec();
    with_strace.push(Need::Program("strace"));
    let mut with_python = CONTAINER.to_vec();
    with_python.push(Need::Program("python3"));
    let mut with_mcp_client = with_python.clone();
    with_mcp_client.push(Need::Program(rewind_tests::mcp::PROGRAM));
    let mut with_curl = CONTAINER.to_vec();
    with_curl.extend(["curl", "timeout", rewind_tests::collector::PROGRAM].map(Need::Program));
    let mut with_crun = CONTAINER.to_vec();
    with_crun.extend([Need::Program("crun"), Need::Program("unshare")]);
    let mut with_store = CONTAINER.to_vec();
    with_store.push(Need::Store);
    let mut with_collector = CONTAINER.to_vec();
    with_collector.push(Need::Program(rewind_tests::collector::PROGRAM));
    let mut with_prometheus = with_python.clone();
    with_prometheus.extend([rewind_tests::prometheus::PROGRAM, rewind_tests::prometheus::TOOL].map(Need::Program));
    let mut with_perfetto = CONTAINER.to_vec();
    with_perfetto.extend([rewind_tests::perfetto::PROGRAM, "python3"].map(Need::Program));
    let mut with_collector_and_python = with_collector.clone();
    with_collector_and_python.push(Need::Program("python3"));
    let collector = [Need::Program(rewind_tests::collector::PROGRAM)];
    let with_tls = [Need::Program(rewind_tests::collector::PROGRAM), Need::Program("openssl")];
    let mut with_both = with_collector.clone();
    with_both.push(Need::Program("openssl"));
    let mut host_with_collector = HOST.to_vec();
    host_with_collector.push(Need::Program(rewind_tests::collector::PROGRAM));
    let mut with_loop_devices = host_with_collector.clone();
    with_loop_devices.extend(["losetup", "mkfs.ext4", "mount", "umount", "python3"].map(Need::Program));
    let plain = [Need::Root, Need::Program("runc"), Need::Program("busybox"), Need::StaticC];
    Suite::default()
        .test("a_container_ends_and_leaves_nothing", &plain, harness::ends_and_leaves_nothing)
        .test("a_container_has_a_cgroup_and_streams", &plain, harness::has_a_cgroup_and_streams)
        .test("the_entry_points_first_call_is_there", &with_strace, start::first_call)
        .test("a_container_that_ran_before_the_recorder_is_recorded_from_what_it_hangs_in_on", &CONTAINER, start::older)
        .test("two_containers_never_mix", &CONTAINER, cgroups::separate)
        .test("a_sub_cgroup_writes_into_its_containers_recording", &CONTAINER, cgroups::below)
        .test(
            "containers_of_users_who_have_just_logged_in_are_recorded_and_their_services_are_not",
            &HOST,
            hosts::scopes,
        )
        .test("an_assistants_client_may_ask_and_gets_bounded_answers_alone", &with_mcp_client, mcp::asked)
        .test("a_crash_file_is_spans_and_log_records_to_a_collector", &with_collector, export::to_a_collector)
        .test("a_crash_file_is_a_trace_that_holds_to_perfettos_schema", &with_perfetto, perfetto::holds_to_the_schema)
        .test(
            "both_ends_of_a_connection_and_of_a_request_are_tied_in_a_trace",
            &with_perfetto,
            perfetto::ties_both_ends,
        )
        .test("what_a_backend_does_not_take_is_sent_again_or_said", &CONTAINER, export::to_one_that_fails)
        .test("a_collector_takes_each_protocol", &collector, transports::all)
        .test("a_certificate_that_is_not_believed_gets_nothing", &with_tls, transports::with_tls)
        .test("what_happens_comes_to_a_collector_by_itself", &with_collector, exported::by_itself)
        .test(
            "connections_come_to_a_collector_as_spans_with_both_ends_and_how_they_ended",
            &with_collector_and_python,
            connected::spans,
        )
        .test(
            "what_an_agent_that_is_killed_has_not_sent_the_next_one_sends",
            &with_collector,
            exported::killed_while_away,
        )
        .test("agents_one_after_the_other_send_each_thing_once", &with_collector, exported::by_one_after_the_other)
        .test("requests_and_connections_come_while_their_container_lives", &with_collector, exported::traffic)
        .test("an_agent_heeds_what_a_backend_answers", &CONTAINER, exported::to_ones_that_fail)
        .test("a_backend_that_hangs_costs_a_queue_and_no_more", &CONTAINER, exported::to_one_that_hangs)
        .test(
            "a_backend_that_was_away_under_load_gets_what_comes_and_the_rest_is_counted",
            &with_collector,
            backends::away,
        )
        .test(
            "a_slow_backend_under_load_gets_what_it_can_take_and_the_rest_is_counted",
            &with_collector,
            backends::slow,
        )
        .test("what_waited_for_a_backend_that_is_not_believed_goes_to_one_that_is", &with_both, backends::not_believed)
        .test("spans_of_requests_are_left_out_where_they_are_switched_off", &with_collector, exported::without_requests)
        .test("the_file_of_settings_says_where_to_and_may_change", &with_collector, exported::by_the_file_of_settings)
        .test("the_hosts_metrics_say_what_proc_says", &host_with_collector, host_metrics::as_proc_says)
        .test(
            "the_hosts_metrics_go_on_with_the_next_agent_and_end_where_they_are_switched_off",
            &host_with_collector,
            host_metrics::across_agents_and_switched_off,
        )
        .test(
            "a_disk_that_goes_away_is_told_no_more_and_the_next_of_its_name_begins_anew",
            &with_loop_devices,
            disk::comes_and_goes,
        )
        .test(
            "the_hosts_metrics_are_the_collectors_own_or_the_difference_is_known",
            &host_with_collector,
            side_by_side::with_the_collectors_own,
        )
        .test(
            "a_containers_metrics_say_what_the_kernel_says_of_a_known_load",
            &with_collector_and_python,
            container_metrics::as_the_kernel_says,
        )
        .test(
            "deltas_of_a_containers_counters_add_up_to_what_was_counted",
            &with_collector_and_python,
            container_metrics::as_delta,
        )
        .test(
            "a_container_that_lived_for_less_than_the_interval_has_its_last_figures",
            &with_collector_and_python,
            container_metrics::that_is_gone,
        )
        .test("prometheus_scrapes_the_agent_and_answers_with_what_happened", &with_prometheus, scraped::by_prometheus)
        .test(
            "beyond_loopback_the_agent_is_scraped_by_who_shows_its_token",
            &with_prometheus,
            scraped::with_a_token_beyond_loopback,
        )
        .test(
            "each_query_of_dashboards_and_rules_that_needs_no_cluster_is_answered_with_figures",
            &with_prometheus,
            scraped::asked_what_dashboards_ask,
        )
        .test(
            "metrics_go_on_beside_ten_thousand_cgroups_that_come_and_go",
            &with_python,
            scraped::beside_ten_thousand_cgroups,
        )
        .test("a_container_that_is_gone_can_be_read", &with_python, gone::crashed)
        .test("a_container_that_failed_leaves_a_file_that_reads_without_an_agent", &CONTAINER, crash::failed)
        .test("a_container_that_ended_well_leaves_no_file_though_a_child_of_it_failed", &CONTAINER, crash::succeeded)
        .test("a_crash_file_is_sent_once_and_read_from_where_it_is", &CONTAINER, upload::sent)
        .test("a_store_that_is_away_holds_up_no_crash_file", &CONTAINER, upload::away)
        .test("a_crash_file_in_an_s3_bucket_has_its_name_and_is_read_from_there", &with_store, store::sent)
        .test("an_s3_store_that_refuses_loses_no_crash_file", &with_store, store::refused)
        .test("an_s3_store_that_comes_back_gets_each_crash_file_once", &with_store, store::away)
        .test("a_crash_file_that_hangs_half_way_to_s3_holds_up_none_of_the_others", &with_store, store::hangs)
        .test(
            "ends_by_one_cause_are_one_line_with_a_count_and_another_cause_is_another",
            &CONTAINER,
            causes::as_one_line,
        )
        .test("every_end_is_kept_if_asked_for", &CONTAINER, crash::always)
        .test("no_end_is_kept_if_asked_for", &CONTAINER, crash::never)
        .test("a_fatal_signal_leaves_a_file", &with_python, crash::by_a_signal)
        .test("an_abort_leaves_a_file_that_names_it", &with_python, crash::by_abort)
        .test("a_failed_child_in_a_living_container_is_kept_if_asked_for", &CONTAINER, crash::by_a_child)
        .test("a_crash_loop_of_30_keeps_its_last_runs", &CONTAINER, crash::loop_of_30)
        .test("a_crash_loop_of_500_keeps_its_last_runs", &CONTAINER, crash::loop_of_500)
        .test("the_run_before_is_shown_from_memory_and_from_its_file", &CONTAINER, crash::previous)
        .test("a_disk_that_is_full_or_read_only_costs_nothing_but_time", &CONTAINER, crash::full)
        .test("an_oom_kill_is_named_with_victim_limit_and_trigger", &CONTAINER, death::oom)
        .test("a_kill_from_the_host_is_named_with_its_sender", &CONTAINER, death::from_the_host)
        .test("a_signal_from_another_container_is_named_with_it", &CONTAINER, death::from_another_container)
        .test("a_start_that_fails_is_explained_and_the_one_before_it_too", &with_python, scenarios::startup)
        .test("an_environment_that_is_far_larger_is_told_by_its_size_alone", &CONTAINER, differs::environments)
        .test("two_healthy_runs_differ_in_nothing_and_one_that_failed_in_what_it_missed", &with_python, differs::runs)
        .test("what_healthy_runs_have_too_is_not_the_cause_of_a_crash", &with_python, healthy::runs)
        .test("a_crash_without_a_word_of_why_is_explained", &with_python, scenarios::crash)
        .test("descriptors_that_run_out_are_told_with_what_is_open", &with_python, scenarios::descriptors)
        .test("a_peer_that_refuses_is_named", &with_python, scenarios::network::refused)
        .test("a_peer_that_keeps_silent_is_named_with_how_long", &with_python, scenarios::network::timed_out)
        .test("a_connection_that_was_given_up_is_named_with_its_peer", &with_python, scenarios::network::given_up)
        .test("a_request_that_was_not_answered_is_named_with_its_peer", &with_python, scenarios::network::unanswered)
        .test("a_peer_without_a_route_to_it_is_named", &with_python, scenarios::network::unreachable)
        .test("a_name_server_that_keeps_silent_is_named", &with_python, scenarios::network::silent_dns)
        .test("a_name_server_that_is_not_there_is_named", &with_python, scenarios::network::no_dns)
        .test("a_secret_that_may_not_be_read_is_named_with_all_that_was_tried", &with_python, scenarios::secret)
        .test("a_program_that_never_ran_is_told_with_the_reason", &CONTAINER, scenarios::never::program)
        .test("a_step_of_the_runtime_that_failed_is_named_with_its_files", &CONTAINER, scenarios::never::files)
        .test(
            "a_program_that_crun_could_not_run_is_told_with_the_reason",
            &with_crun,
            scenarios::never::program_by_crun,
        )
        .test("a_step_of_crun_that_failed_is_named_with_its_files", &with_crun, scenarios::never::files_by_crun)
        .test("a_slow_disk_is_named_while_the_container_lives", &with_python, scenarios::slow::disk)
        .test("a_cpu_limit_that_holds_a_container_up_is_told_while_it_lives", &with_python, scenarios::slow::cpu_limit)
        .test("threads_that_all_wait_for_locks_are_named", &with_python, scenarios::slow::deadlock)
        .test(
            "a_peer_that_does_not_answer_is_named_while_the_container_waits",
            &with_python,
            scenarios::slow::no_answer,
        )
        .test("a_call_that_a_profile_refuses_is_recorded_as_refused", &CONTAINER, refused::by_error)
        .test("a_call_that_a_profile_kills_for_is_recorded_as_refused", &CONTAINER, refused::by_death)
        .test("a_loop_of_processes_in_the_hosts_namespace_ends_with_its_own_code", &CONTAINER, endings::of_a_loop)
        .test("workers_in_the_hosts_namespace_leave_the_main_process_its_code", &CONTAINER, endings::of_workers)
        .test("a_container_in_anothers_pid_namespace_ends_with_its_own_code", &CONTAINER, endings::of_shared_pids)
        .test(
            "a_container_whose_program_is_not_there_has_not_ended_well",
            &CONTAINER,
            endings::of_a_program_that_is_not_there,
        )
        .test("a_fork_bomb_costs_its_container_alone", &CONTAINER, faults::fork_bomb)
        .test("a_process_that_its_last_thread_ends_is_told_by_that_code", &CONTAINER, faults::last_thread)
        .test("a_child_that_nobody_waits_for_is_not_the_containers_end", &CONTAINER, faults::zombie)
        .test("an_unknown_target_is_one_sentence", &CONTAINER, gone::unknown)
        .test("the_readmes_everyday_commands_work_on_a_container_called_web", &with_curl, readme::everyday)
        .test("payload_is_kept_only_where_it_is_switched_on", &CONTAINER, readme::payload)
        .test(
            "containers_that_start_while_no_agent_is_there_are_recorded_from_their_first_call",
            &CONTAINER,
            pins::away,
        )
        .test("a_name_outlives_its_container_and_its_agent", &CONTAINER, pins::name)
        .test("no_recording_of_a_container_holds_what_it_was_told_in_confidence", &CONTAINER, secrets::redacted)
        .test("a_container_with_hostile_names_steers_no_terminal", &with_python, escapes::hostile)
        .test(
            "threads_and_processes_without_end_at_a_time_cost_their_container_alone",
            &CONTAINER,
            swarm::costs_its_container_alone,
        )
        .test("two_hundred_containers_leave_nothing_behind", &CONTAINER, many::two_hundred)
        .run()
}
