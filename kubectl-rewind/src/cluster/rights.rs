//! What the person may, as the API server says it.

use super::client::Cluster;
use crate::failure::Failure;
use k8s_openapi::api::authorization::v1::{ResourceAttributes, SelfSubjectAccessReview, SelfSubjectAccessReviewSpec};
use kube::Api;
use kube::api::PostParams;
use rewind_resources::group::GROUP;

/// Whether the person may do this with our resources in a namespace.
///
/// # Errors
/// [`Failure`].
pub(crate) async fn may(cluster: &Cluster, namespace: &str, verb: &str, resource: &str) -> Result<bool, Failure> {
    let attributes = ResourceAttributes {
        group: Some(GROUP.to_owned()),
        namespace: Some(namespace.to_owned()),
        resource: Some(resource.to_owned()),
        verb: Some(verb.to_owned()),
        ..ResourceAttributes::default()
    };
    let spec = SelfSubjectAccessReviewSpec { resource_attributes: Some(attributes), ..Default::default() };
    let review = SelfSubjectAccessReview { spec, ..SelfSubjectAccessReview::default() };
    let api: Api<SelfSubjectAccessReview> = cluster.everywhere();
    let answer = cluster.answer(api.create(&PostParams::default(), &review)).await?;
    Ok(answer.status.is_some_and(|status| status.allowed))
}
