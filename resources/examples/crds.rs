//! Prints the definitions of the custom resources, as manifests have them. `cargo xtask manifests` runs it.

use rewind_resources::crds;
use std::error::Error;

fn main() -> Result<(), Box<dyn Error>> {
    for mut crd in crds::all() {
        let labels = crd.metadata.labels.get_or_insert_default();
        labels.insert("app.kubernetes.io/part-of".to_owned(), "rewind".to_owned());
        println!("---\n{}", serde_saphyr::to_string(&serde_json::to_value(&crd)?)?.trim_end());
    }
    Ok(())
}
