//! What `deploy` applies, and `undeploy` deletes: `manifests/rewind.yaml`, as this version was built with.

use crate::error::Error;
use kube::api::DynamicObject;
use kube::core::{ApiResource, GroupVersionKind};
use serde_json::{Value, json};

/// The manifests, as people apply them by hand.
pub(crate) const TEXT: &str = include_str!("../../../manifests/rewind.yaml");
/// The DaemonSet that takes out of nodes' kernels what agents left there.
pub(crate) const UNLOAD: &str = "rewind-unload";

/// One object of the manifests.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Manifest {
    /// The object.
    pub object: DynamicObject,
    /// Its kind, as the API server has it.
    pub resource: ApiResource,
}

impl Manifest {
    /// `DaemonSet rewind-agent`.
    #[must_use]
    pub(crate) fn label(&self) -> String {
        format!("{} {}", self.resource.kind, self.name())
    }

    /// Its name.
    #[must_use]
    pub(crate) fn name(&self) -> &str {
        self.object.metadata.name.as_deref().unwrap_or_default()
    }

    /// Its namespace; `None`: it is the cluster's.
    #[must_use]
    pub(crate) fn namespace(&self) -> Option<&str> {
        self.object.metadata.namespace.as_deref()
    }

    /// Whether it is of this kind.
    #[must_use]
    pub(crate) fn is(&self, kind: &str) -> bool {
        self.resource.kind == kind
    }
}

/// All of them, what others need first. `image`: the agents', where another one is wanted.
///
/// # Errors
/// [`Error::Manifests`], which a test excludes.
pub(crate) fn manifests(image: Option<&str>) -> Result<Vec<Manifest>, Error> {
    let mut all = parse(TEXT)?;
    if let Some(image) = image {
        all.iter_mut().filter(|manifest| manifest.is("DaemonSet")).for_each(|set| {
            containers(&mut set.object.data).for_each(|container| container["image"] = json!(image));
        });
    }
    all.sort_by_key(order);
    Ok(all)
}

/// The DaemonSet that unloads: the agents' own, with another name and another thing to do. Its pods have done it when
/// their init container has ended well.
#[must_use]
pub(crate) fn unload(agents: &DynamicObject) -> DynamicObject {
    let labels = json!({"app.kubernetes.io/name": UNLOAD, "app.kubernetes.io/part-of": "rewind"});
    let mut spec = agents.data["spec"].clone();
    spec["selector"] = json!({"matchLabels": {"app.kubernetes.io/name": UNLOAD}});
    spec["template"]["metadata"]["labels"] = labels.clone();
    let pod = &mut spec["template"]["spec"];
    // It asks the API server for nothing, and has nothing to finish.
    pod["automountServiceAccountToken"] = json!(false);
    pod["terminationGracePeriodSeconds"] = json!(0);
    let mut container = pod["containers"][0].clone();
    if let Some(fields) = container.as_object_mut() {
        for probe in ["startupProbe", "livenessProbe", "readinessProbe", "lifecycle", "ports"] {
            fields.remove(probe);
        }
        fields.insert("name".to_owned(), json!("unload"));
        fields.insert("args".to_owned(), json!(["unload"]));
    }
    let mut stay = container.clone();
    stay["name"] = json!("stay");
    stay["args"] = json!(["unload", "--stay"]);
    pod["initContainers"] = json!([container]);
    pod["containers"] = json!([stay]);
    let mut set = DynamicObject {
        types: agents.types.clone(),
        metadata: kube::api::ObjectMeta::default(),
        data: json!({"spec": spec}),
    };
    set.metadata.name = Some(UNLOAD.to_owned());
    set.metadata.namespace.clone_from(&agents.metadata.namespace);
    set.metadata.labels = serde_json::from_value(labels).ok();
    set
}

/// The containers of a DaemonSet.
fn containers(set: &mut Value) -> impl Iterator<Item = &mut Value> {
    set["spec"]["template"]["spec"]["containers"].as_array_mut().into_iter().flatten()
}

/// Kinds, namespace and rights first, the agents last: they start with all that they need.
fn order(manifest: &Manifest) -> u8 {
    match &*manifest.resource.kind {
        "CustomResourceDefinition" => 0,
        "Namespace" => 1,
        "DaemonSet" => 9,
        kind if kind.ends_with("Binding") => 3,
        _ => 2,
    }
}

fn parse(text: &str) -> Result<Vec<Manifest>, Error> {
    let wrong = |what: &dyn std::fmt::Display| Error::Manifests(what.to_string());
    let documents: Vec<Value> = serde_saphyr::from_multiple(text).map_err(|error| wrong(&error))?;
    let documents = documents.into_iter().filter(|document| !document.is_null());
    let one = |document: Value| {
        let object: DynamicObject = serde_json::from_value(document).map_err(|error| wrong(&error))?;
        let types = object.types.clone().ok_or_else(|| wrong(&"an object has no kind"))?;
        let kind = GroupVersionKind::try_from(&types).map_err(|error| wrong(&error))?;
        // All kinds here are spelt in the plural as English has it, which the tests hold.
        Ok(Manifest { object, resource: ApiResource::from_gvk(&kind) })
    };
    documents.map(one).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use rewind_resources::group;

    fn agents(image: Option<&str>) -> Manifest {
        manifests(image).unwrap().into_iter().find(|manifest| manifest.is("DaemonSet")).unwrap()
    }

    #[test]
    fn what_others_need_stands_first_and_the_agents_last() {
        let all = manifests(None).unwrap();
        assert!(all.len() > 5 && all.first().unwrap().is("CustomResourceDefinition"));
        assert!(all.last().unwrap().is("DaemonSet"));
        let at = |kind: &str| all.iter().position(|manifest| manifest.is(kind)).unwrap();
        assert!(at("Namespace") < at("ServiceAccount") && at("ServiceAccount") < at("ClusterRoleBinding"));
    }

    #[test]
    fn the_agents_are_where_the_plugin_looks_for_them() {
        let set = agents(None);
        assert_eq!((set.name(), set.namespace()), (group::AGENT, Some(group::NAMESPACE)));
        let labels = &set.object.data["spec"]["template"]["metadata"]["labels"];
        let (key, value) = group::AGENT_SELECTOR.split_once('=').unwrap();
        assert_eq!(labels[key], value);
    }

    #[test]
    fn plurals_are_those_of_the_api_server() {
        let known = [
            ("CustomResourceDefinition", "customresourcedefinitions"),
            ("NetworkPolicy", "networkpolicies"),
            ("ValidatingAdmissionPolicy", "validatingadmissionpolicies"),
            ("ValidatingAdmissionPolicyBinding", "validatingadmissionpolicybindings"),
            ("PriorityClass", "priorityclasses"),
            ("ResourceQuota", "resourcequotas"),
        ];
        let simple = |kind: &str| format!("{}s", kind.to_lowercase());
        for Manifest { resource, .. } in manifests(None).unwrap() {
            let wanted = known.iter().find(|(kind, _)| *kind == resource.kind);
            assert_eq!(resource.plural, wanted.map_or_else(|| simple(&resource.kind), |(_, p)| (*p).to_owned()));
        }
    }

    #[test]
    fn another_image_is_the_agents_alone() {
        let set = agents(Some("registry.example/rewind:7"));
        let spec = &set.object.data["spec"]["template"]["spec"];
        assert_eq!(spec["containers"][0]["image"], "registry.example/rewind:7");
    }

    #[test]
    fn what_unloads_sees_what_the_agents_saw_and_selects_its_own_pods() {
        let agents = agents(None).object;
        let set = unload(&agents);
        let (own, theirs) = (&set.data["spec"]["template"]["spec"], &agents.data["spec"]["template"]["spec"]);
        assert_eq!(own["volumes"], theirs["volumes"]);
        let init = &own["initContainers"][0];
        assert_eq!(init["args"], json!(["unload"]));
        assert_eq!(init["securityContext"], theirs["containers"][0]["securityContext"]);
        assert!(own["containers"][0].get("livenessProbe").is_none());
        assert_eq!(set.data["spec"]["selector"]["matchLabels"]["app.kubernetes.io/name"], UNLOAD);
        assert_eq!(set.data["spec"]["template"]["metadata"]["labels"]["app.kubernetes.io/name"], UNLOAD);
    }
}
