//! The definitions, as the API server takes them.

use crate::recording::Recording;
use crate::request::RecordingRequest;
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::CustomResourceExt as _;

/// All of them.
#[must_use]
pub fn all() -> [CustomResourceDefinition; 2] {
    [Recording::crd(), RecordingRequest::crd()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_field_says_what_it_means() {
        for crd in all() {
            let text = serde_json::to_value(&crd).unwrap();
            let spec = &text["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"];
            let mut without = Vec::new();
            undescribed("spec", spec, &mut without);
            assert_eq!(without, Vec::<String>::new(), "{}", text["metadata"]["name"]);
        }
    }

    /// `cargo xtask manifests` makes the file.
    #[test]
    fn manifests_have_these_definitions() {
        let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../manifests/base/crds.yaml");
        let documents: Vec<serde_json::Value> =
            serde_saphyr::from_multiple(&std::fs::read_to_string(file).unwrap()).unwrap();
        let mut committed: Vec<_> = documents.into_iter().filter(|document| !document.is_null()).collect();
        for document in &mut committed {
            let labels = document["metadata"].as_object_mut().unwrap().remove("labels");
            assert_eq!(labels.unwrap()["app.kubernetes.io/part-of"], "rewind");
        }
        let wanted: Vec<_> = all().iter().map(|crd| serde_json::to_value(crd).unwrap()).collect();
        assert!(committed == wanted, "run `cargo xtask manifests`");
    }

    fn undescribed(path: &str, schema: &serde_json::Value, without: &mut Vec<String>) {
        if schema["description"].as_str().is_none_or(str::is_empty) {
            without.push(path.to_owned());
        }
        for (name, inner) in schema["properties"].as_object().into_iter().flatten() {
            undescribed(&format!("{path}.{name}"), inner, without);
        }
    }
}
