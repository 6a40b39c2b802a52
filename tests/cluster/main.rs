//! Tests in a real cluster, which `cargo xtask cluster up` has brought up.

mod definitions;
mod pods;
mod rights;

use rewind_tests::suite::{Need, Suite};
use std::process::ExitCode;

const CLUSTER: [Need; 2] = [Need::Root, Need::Cluster];

fn main() -> ExitCode {
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
        .test("a_request_for_another_node_is_not_an_agents_to_change", &CLUSTER, rights::taken)
        .test("a_request_says_who_asks_and_payload_is_a_right_of_its_own", &CLUSTER, rights::people)
        .test("roles_give_what_they_say_and_nothing_more", &CLUSTER, rights::roles)
        .test("namespaces_and_definitions_go_with_what_is_in_them", &CLUSTER, definitions::deleted)
        .run()
}
