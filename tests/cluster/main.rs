//! Tests in a real cluster, which `cargo xtask cluster up` has brought up. From where agents are deployed on, they are
//! until the last test takes them away.

mod annotations;
mod away;
mod crowd;
mod definitions;
mod doctor;
mod faults;
mod kinds;
mod least;
mod live;
mod manifest;
mod network;
mod nodes;
mod otlp;
mod overlay;
mod pods;
mod port;
mod reading;
mod readme;
mod refused;
mod rights;
mod runs;
mod scenarios;
mod scraped;
mod told;
mod undeploy;
mod workloads;

use rewind_tests::suite::{Need, Suite};
use std::process::ExitCode;

const CLUSTER: [Need; 2] = [Need::Root, Need::Cluster];
const AGENTS: [Need; 5] =
    [Need::Root, Need::Cluster, Need::Bpf, Need::Ours("kubectl-rewind"), Need::Program("python3")];

fn main() -> ExitCode {
    let mut with_store = AGENTS.to_vec();
    with_store.push(Need::Store);
    let mut with_collector = AGENTS.to_vec();
    with_collector.push(Need::Program(rewind_tests::collector::PROGRAM));
    let mut with_prometheus = AGENTS.to_vec();
    with_prometheus.push(Need::Program(rewind_tests::prometheus::PROGRAM));
    let mut with_mcp_client = AGENTS.to_vec();
    with_mcp_client.push(Need::Program(rewind_tests::mcp::PROGRAM));
    Suite::default()
        .test("a_pod_runs_and_a_service_leads_to_it_by_name", &CLUSTER, pods::service)
        .test("a_pod_that_fails_is_started_again_within_seconds", &CLUSTER, pods::restarted)
        .test("a_user_without_a_role_may_do_nothing", &CLUSTER, pods::forbidden)
        .test("every_field_of_the_definitions_is_explained", &CLUSTER, definitions::explained)
        .test("a_request_is_taken_only_as_it_is_meant", &CLUSTER, definitions::validated)
        .test("of_a_request_nothing_changes_but_when_it_expires", &CLUSTER, definitions::immutable)
        .test("recordings_have_columns_worth_reading", &CLUSTER, definitions::columns)
        .test("recordings_and_requests_are_found_by_their_node", &CLUSTER, definitions::selected)
        .test("an_agent_writes_of_its_own_node_alone", &CLUSTER, rights::own_node)
        .test("an_agents_account_may_what_is_meant_and_nothing_else", &CLUSTER, rights::exactly)
        .test("a_request_for_another_node_is_not_an_agents_to_change", &CLUSTER, rights::taken)
        .test("a_request_says_who_asks_and_payload_is_a_right_of_its_own", &CLUSTER, rights::people)
        .test("roles_give_what_they_say_and_nothing_more", &CLUSTER, rights::roles)
        .test("namespaces_and_definitions_go_with_what_is_in_them", &CLUSTER, definitions::deleted)
        .test("a_start_that_fails_is_explained_and_the_one_before_it_too", &AGENTS, scenarios::startup)
        .test("a_crash_without_a_word_of_why_is_explained", &AGENTS, scenarios::crash)
        .test("an_oom_kill_is_told_with_the_limit", &AGENTS, scenarios::memory)
        .test("a_secret_that_may_not_be_read_is_named_with_all_that_was_tried", &AGENTS, scenarios::secret)
        .test("a_signal_is_told_with_the_container_that_sent_it", &AGENTS, scenarios::killed)
        .test("a_crash_loop_keeps_its_runs", &AGENTS, runs::crash_loop)
        .test("a_pod_that_was_deleted_before_it_was_read_is_found", &AGENTS, runs::deleted)
        .test("pods_that_fail_by_one_cause_are_one_line_with_a_count", &AGENTS, runs::by_cause)
        .test("what_living_pods_of_a_deployment_miss_too_is_not_why_one_failed", &AGENTS, runs::siblings)
        .test("a_deployment_of_two_is_read_as_one", &AGENTS, runs::deployment)
        .test("a_right_in_one_namespace_is_none_in_another", &AGENTS, reading::by_namespace)
        .test("who_has_no_right_reads_nothing", &AGENTS, reading::none)
        .test("a_node_is_shown_to_who_may_ask_where_the_agents_are", &AGENTS, reading::of_node)
        .test("an_assistant_reads_what_who_started_it_may", &with_mcp_client, reading::by_an_assistant)
        .test("payload_is_switched_by_who_may", &AGENTS, reading::payload)
        .test(
            "a_namespaces_annotation_holds_for_its_pods_unless_they_say_otherwise",
            &AGENTS,
            annotations::of_namespace,
        )
        .test("a_ring_has_the_size_that_its_pod_asks_for", &AGENTS, annotations::ring_size)
        .test("pods_that_ask_for_large_rings_take_none_from_who_comes_later", &AGENTS, annotations::greedy)
        .test("an_annotation_that_is_not_understood_is_told_where_one_looks", &AGENTS, annotations::refused)
        .test("doctor_says_that_all_is_well", &AGENTS, doctor::doctor)
        .test("doctor_says_who_may_not", &AGENTS, doctor::without_rights)
        .test("doctor_finds_what_is_not_as_in_its_version", &AGENTS, doctor::other_manifests)
        .test("status_counts_recordings_by_how_they_ended", &AGENTS, doctor::counted)
        .test("the_agents_port_tells_nothing_without_a_request", &AGENTS, reading::directly)
        .test("a_service_that_refuses_is_named_and_each_restart_told", &AGENTS, network::refused)
        .test("a_name_that_nobody_knows_is_told", &AGENTS, network::unknown)
        .test("requests_and_lookups_of_pods_are_told_by_their_peers_names", &AGENTS, network::talks)
        .test("every_kind_of_container_is_recorded_as_what_it_is", &AGENTS, kinds::each)
        .test("pods_of_one_name_are_told_apart", &AGENTS, kinds::namesakes)
        .test("calls_are_shown_as_they_are_made_until_the_right_to_see_them_goes", &AGENTS, live::shown)
        .test("a_trace_follows_pods_that_come_later", &AGENTS, live::followed)
        .test("each_right_of_the_agent_is_needed", &AGENTS, least::each)
        .test("requests_that_are_not_good_are_refused_counted_and_logged", &AGENTS, refused::each)
        .test("a_request_is_not_for_a_pod_that_came_later_under_the_name", &AGENTS, refused::recreated)
        .test("an_agent_that_is_killed_costs_no_call", &AGENTS, faults::killed)
        .test("an_update_of_the_agents_costs_no_call", &AGENTS, faults::replaced)
        .test("what_dies_while_the_api_server_is_away_is_told_when_it_is_back", &AGENTS, faults::without_api_server)
        .test("two_nodes_are_read_as_one_and_a_silent_one_is_named", &AGENTS, nodes::two)
        .test("a_crowd_of_wrong_guesses_keeps_nobody_from_reading", &AGENTS, crowd::held_up)
        .test("a_run_whose_agent_is_gone_is_read_from_where_its_recording_says", &with_store, away::read)
        .test(
            "a_backend_is_told_of_pods_by_their_names_and_of_none_that_is_not_recorded",
            &with_collector,
            otlp::told_of_pods,
        )
        .test(
            "a_backend_is_told_of_the_hosts_own_files_where_they_are_mounted",
            &with_collector,
            otlp::told_of_the_host,
        )
        .test("a_rollout_is_told_by_what_is_wanted_and_what_is_there", &with_collector, workloads::rollout)
        .test("a_crash_loop_and_an_oom_kill_are_told_by_their_reasons", &with_collector, workloads::ends)
        .test(
            "each_query_of_dashboards_and_rules_that_needs_a_cluster_is_answered_with_figures",
            &with_prometheus,
            scraped::asked_what_dashboards_ask,
        )
        .test("conditions_of_a_node_are_told", &with_collector, workloads::node)
        .test(
            "a_lease_whose_holder_is_gone_is_taken_and_left_where_nothing_is_exported",
            &with_collector,
            workloads::expired,
        )
        .test(
            "of_two_agents_one_tells_of_the_cluster_and_when_it_dies_the_other",
            &with_collector,
            workloads::handed_over,
        )
        .test("the_readmes_walk_is_a_walk", &AGENTS, readme::walk)
        .test("undeploy_leaves_nothing_behind", &AGENTS, undeploy::clean)
        .run()
}
