//! What stands in front of the requests of one connection through a port-forward.
//!
//! ```text
//! plugin                          API server                      agent of the pod's node
//!   create RecordingRequest  ---> RBAC, admission, audit log
//!   port-forward to the agent --> RBAC ----------------------->   HTTP/1.1, the API of the Unix socket
//!   Rewind-Request: shop/r7x2                                     get RecordingRequest shop/r7x2
//!   Authorization: Rewind <secret>                                hash, node, expiry, not taken yet -> takes it
//!                                                                 answers what its target and action allow
//!   delete RecordingRequest  --->
//! ```
//!
//! Both headers stand in every HTTP request. A request is taken by one connection, which may go on to ask until the
//! request expires; a second connection is refused.
//!
//! What this protects: who may make requests in a namespace reads that namespace's pods alone; nobody's token reaches
//! a node. What it does not: between the API server, the kubelet and the agent bytes are protected as a
//! `kubectl port-forward` is, by TLS up to the kubelet, and by nothing within the node.

use crate::secret::Secret;
use std::fmt;

/// The header that names the request: `namespace/name`.
pub const REQUEST_HEADER: &str = "rewind-request";
/// The header that shows its secret.
pub const SECRET_HEADER: &str = "authorization";
/// The scheme of the `Authorization` header, in front of the secret.
pub const SCHEME: &str = "Rewind";

/// A request's namespace and name.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RequestName {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
}

impl RequestName {
    /// Reads [`REQUEST_HEADER`]; `None`: it is not the name of an object.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (namespace, name) = text.split_once('/')?;
        let is_valid = is_label(namespace) && name.len() <= 253 && name.split('.').all(is_label);
        is_valid.then(|| Self { namespace: namespace.to_owned(), name: name.to_owned() })
    }
}

impl fmt::Display for RequestName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.namespace, self.name)
    }
}

/// What stands in front of an HTTP request at the port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    /// Which request.
    pub name: RequestName,
    /// The secret that goes with it.
    pub secret: Secret,
}

impl Shown {
    /// Reads it from the values of [`REQUEST_HEADER`] and [`SECRET_HEADER`]; `None`: one is missing, stands there
    /// twice, or makes no sense.
    #[must_use]
    pub fn read<'h>(names: impl Iterator<Item = &'h [u8]>, secrets: impl Iterator<Item = &'h [u8]>) -> Option<Self> {
        let name = only(names).and_then(RequestName::parse)?;
        Some(Self { name, secret: only(secrets).and_then(secret)? })
    }
}

fn only<'h>(mut values: impl Iterator<Item = &'h [u8]>) -> Option<&'h str> {
    let first = values.next()?;
    if values.next().is_some() { None } else { str::from_utf8(first).ok() }
}

/// The `Authorization` header's value.
#[must_use]
pub fn authorization(secret: &Secret) -> String {
    format!("{SCHEME} {}", secret.shown())
}

/// The secret in an `Authorization` header's value; `None`: there is none.
#[must_use]
pub fn secret(authorization: &str) -> Option<Secret> {
    Secret::parse(authorization.strip_prefix(SCHEME)?.strip_prefix(' ')?)
}

/// A DNS label (RFC 1123, as Kubernetes takes it).
fn is_label(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let ends = [text.bytes().next(), text.bytes().last()];
    text.len() <= 63
        && ends.iter().all(|byte| byte.is_some_and(plain))
        && text.bytes().all(|byte| plain(byte) || byte == b'-')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_name_is_one_of_an_object_and_goes_into_a_path_as_it_is() {
        assert_eq!(RequestName::parse("shop/r-7x2").unwrap().to_string(), "shop/r-7x2");
        for text in ["", "/", "shop", "shop/", "/r", "shop/../x", "shop/a/b", "Shop/r", "shop/r?x=1", "-a/r", "a/r."] {
            assert_eq!(RequestName::parse(text), None, "{text}");
        }
        assert_eq!(RequestName::parse(&format!("shop/{}", "a".repeat(64))), None);
    }

    #[test]
    fn the_secret_is_read_as_it_was_shown() {
        let own = Secret::of([9; crate::secret::BYTES]);
        assert_eq!(secret(&authorization(&own)), Some(own));
        assert_eq!(secret("Bearer abc"), None);
    }

    proptest! {
        #[test]
        fn any_text_is_a_name_or_none(text in ".*") {
            let _ = (RequestName::parse(&text), secret(&text));
        }
    }
}
