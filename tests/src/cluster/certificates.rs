//! Keys, certificates, and the kubeconfigs made of them. By openssl.

use super::place::{ADDRESS, Place};
use crate::programs;
use anyhow::{Context as _, Result};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

const DAYS: &str = "3650";
/// The authority that the API server believes.
pub const CLUSTER: &str = "ca";

/// What a certificate is for.
#[derive(Clone, Copy, Debug)]
pub enum Usage<'a> {
    /// To say who asks.
    Client,
    /// To say who answers, under these names (`DNS:kubernetes,IP:10.96.0.1`).
    Server(&'a str),
}

/// A folder of keys and certificates: `name.key` and `name.crt`.
#[derive(Clone, Debug)]
pub struct Certificates {
    dir: PathBuf,
}

impl Certificates {
    /// Those of a cluster.
    #[must_use]
    pub fn of(place: &Place) -> Self {
        Self { dir: place.certificates() }
    }

    /// A key's file.
    #[must_use]
    pub fn key(&self, name: &str) -> PathBuf {
        self.dir.join(format!("{name}.key"))
    }

    /// A certificate's file.
    #[must_use]
    pub fn certificate(&self, name: &str) -> PathBuf {
        self.dir.join(format!("{name}.crt"))
    }

    /// Makes an authority.
    ///
    /// # Errors
    /// When openssl fails.
    pub fn authority(&self, name: &str, common_name: &str) -> Result<()> {
        self.new_key(name)?;
        let mut openssl = openssl(&["req", "-x509", "-new", "-sha256", "-days", DAYS]);
        openssl.arg("-key").arg(self.key(name)).arg("-out").arg(self.certificate(name));
        openssl.args(["-subj", &format!("/CN={common_name}"), "-addext", "basicConstraints=critical,CA:TRUE"]);
        openssl.args(["-addext", "keyUsage=critical,keyCertSign,cRLSign,digitalSignature"]);
        run(&mut openssl)
    }

    /// Makes a certificate (`subject` is `/O=group/CN=name`) that `authority` has signed.
    ///
    /// # Errors
    /// When openssl fails.
    pub fn sign(&self, name: &str, authority: &str, subject: &str, usage: Usage<'_>) -> Result<()> {
        self.new_key(name)?;
        let (asked, extensions) = (self.dir.join(format!("{name}.csr")), self.dir.join(format!("{name}.ext")));
        let mut openssl_request = openssl(&["req", "-new", "-subj", subject]);
        run(openssl_request.arg("-key").arg(self.key(name)).arg("-out").arg(&asked))?;
        let mut text =
            "basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature,keyEncipherment\n".to_owned();
        text.push_str(&match usage {
            Usage::Client => "extendedKeyUsage=clientAuth\n".to_owned(),
            Usage::Server(names) => format!("extendedKeyUsage=serverAuth\nsubjectAltName={names}\n"),
        });
        fs::write(&extensions, text).with_context(|| format!("cannot write {}", extensions.display()))?;
        let mut openssl = openssl(&["x509", "-req", "-sha256", "-CAcreateserial", "-days", DAYS]);
        openssl.arg("-in").arg(&asked).arg("-extfile").arg(&extensions).arg("-out").arg(self.certificate(name));
        openssl.arg("-CA").arg(self.certificate(authority)).arg("-CAkey").arg(self.key(authority));
        run(&mut openssl)
    }

    /// Makes the pair of keys that tokens are signed with; `name.crt` is the public one.
    ///
    /// # Errors
    /// When openssl fails.
    pub fn token_keys(&self, name: &str) -> Result<()> {
        run(openssl(&["genrsa", "-out"]).arg(self.key(name)).arg("2048"))?;
        let mut public = openssl(&["rsa", "-pubout", "-in"]);
        run(public.arg(self.key(name)).arg("-out").arg(self.certificate(name)))
    }

    fn new_key(&self, name: &str) -> Result<()> {
        fs::create_dir_all(&self.dir).with_context(|| format!("cannot make {}", self.dir.display()))?;
        run(openssl(&["ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out"]).arg(self.key(name)))
    }
}

/// Makes a user of the cluster: a certificate and a kubeconfig, which is returned. `subject` as in
/// [`Certificates::sign`].
///
/// # Errors
/// When a file cannot be made.
pub fn user(place: &Place, name: &str, subject: &str) -> Result<PathBuf> {
    let certificates = Certificates::of(place);
    certificates.sign(name, CLUSTER, subject, Usage::Client)?;
    let kubeconfig = place.kubeconfig(name);
    let text = kubeconfig_text(
        name,
        &certificates.certificate(CLUSTER),
        &certificates.certificate(name),
        &certificates.key(name),
    );
    fs::write(&kubeconfig, text).with_context(|| format!("cannot write {}", kubeconfig.display()))?;
    Ok(kubeconfig)
}

/// Makes a kubeconfig of who holds a token, and returns it.
///
/// # Errors
/// When the file cannot be made.
pub fn bearer(place: &Place, name: &str, token: &str) -> Result<PathBuf> {
    let kubeconfig = place.kubeconfig(name);
    let authority = Certificates::of(place).certificate(CLUSTER);
    fs::write(&kubeconfig, config_text(name, &authority, &format!("token: {token}")))
        .with_context(|| format!("cannot write {}", kubeconfig.display()))?;
    Ok(kubeconfig)
}

fn kubeconfig_text(name: &str, authority: &Path, certificate: &Path, key: &Path) -> String {
    let (certificate, key) = (certificate.display(), key.display());
    config_text(name, authority, &format!("client-certificate: {certificate}, client-key: {key}"))
}

fn config_text(name: &str, authority: &Path, proof: &str) -> String {
    let authority = authority.display();
    format!(
        "apiVersion: v1
kind: Config
clusters: [{{name: rewind-test, cluster: {{server: 'https://{ADDRESS}:6443', certificate-authority: {authority}}}}}]
users: [{{name: {name}, user: {{{proof}}}}}]
contexts: [{{name: rewind-test, context: {{cluster: rewind-test, user: {name}}}}}]
current-context: rewind-test
"
    )
}

fn openssl(arguments: &[&str]) -> Command {
    let mut command = Command::new("openssl");
    command.args(arguments);
    command
}

fn run(openssl: &mut Command) -> Result<()> {
    programs::run(openssl)?.success().map(drop)
}
