//! Where the agents are that are asked: this host's own, or a cluster's.

use clap::Args;
use rewind_recording::api::DEFAULT_SOCKET;
use std::path::PathBuf;

const CLUSTER: &str = "Which cluster, and as whom";

/// How this host's agent is reached.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct HostFlags {
    /// The socket that this host's agent listens on; REWIND_SOCKET in the environment says it, too.
    #[arg(long, global = true, help_heading = super::EVERYWHERE, value_name = "PATH", conflicts_with_all = ["context", "kubeconfig", "namespace"])]
    socket: Option<PathBuf>,
    /// Ask this host's agent, not a cluster's. It is so without a kubeconfig, and as 'rewind' where no
    /// cluster, namespace or selector is named.
    #[arg(long, global = true, help_heading = super::EVERYWHERE, conflicts_with_all = ["context", "kubeconfig", "namespace"])]
    host: bool,
}

impl HostFlags {
    /// The flags as they were typed.
    #[must_use]
    pub(super) fn arguments(&self) -> Vec<String> {
        let socket = self.socket.as_ref().map(|socket| format!("--socket={}", socket.display()));
        socket.into_iter().chain(self.host.then(|| "--host".to_owned())).collect()
    }
}

/// How a cluster is reached: kubectl's own flags.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct ClusterFlags {
    /// The namespace of pods; else that of the kubeconfig's context.
    #[arg(short, long, global = true, help_heading = CLUSTER, value_name = "NAME")]
    pub namespace: Option<String>,
    /// The context of the kubeconfig.
    #[arg(long, global = true, help_heading = CLUSTER, value_name = "NAME")]
    pub context: Option<String>,
    /// The kubeconfig; else KUBECONFIG, else ~/.kube/config.
    #[arg(long, global = true, help_heading = CLUSTER, value_name = "PATH")]
    pub kubeconfig: Option<PathBuf>,
    /// Act as this user or service account.
    #[arg(long = "as", global = true, help_heading = CLUSTER, value_name = "USER")]
    pub as_user: Option<String>,
    /// Act as a member of this group; may be given more than once, with --as.
    #[arg(long = "as-group", global = true, help_heading = CLUSTER, value_name = "GROUP")]
    pub as_groups: Vec<String>,
    /// The namespace of the agents.
    #[arg(long, global = true, help_heading = CLUSTER, value_name = "NAME", default_value = rewind_resources::group::NAMESPACE)]
    pub agent_namespace: String,
}

impl ClusterFlags {
    /// The flags as they were typed.
    #[must_use]
    pub(super) fn arguments(&self) -> Vec<String> {
        let kubeconfig = self.kubeconfig.as_ref().map(|path| path.display().to_string());
        let flags = [
            ("namespace", &self.namespace),
            ("context", &self.context),
            ("kubeconfig", &kubeconfig),
            ("as", &self.as_user),
            ("agent-namespace", &Some(self.agent_namespace.clone())),
        ];
        let flags = flags.into_iter().filter_map(|(name, value)| Some(format!("--{name}={}", value.as_ref()?)));
        flags.chain(self.as_groups.iter().map(|group| format!("--as-group={group}"))).collect()
    }
}

/// Which pods and containers of a cluster are meant, beside TARGET.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct PodFlags {
    /// The pods with these labels, in place of TARGET: app=web,tier!=db.
    #[arg(
        short = 'l',
        long,
        value_name = "LABELS",
        conflicts_with = "target",
        help_heading = "Which pods and containers"
    )]
    pub selector: Option<String>,
    /// With -l: the pods of all namespaces.
    #[arg(
        short = 'A',
        long,
        requires = "selector",
        conflicts_with = "target",
        help_heading = "Which pods and containers"
    )]
    pub all_namespaces: bool,
    /// This container of the pods; else the one that kubectl would take.
    #[arg(short = 'c', long, value_name = "NAME", help_heading = "Which pods and containers")]
    pub container: Option<String>,
    /// All containers of the pods: init and ephemeral ones, too.
    #[arg(long, conflicts_with = "container", help_heading = "Which pods and containers")]
    pub all_containers: bool,
}

impl PodFlags {
    /// Whether any was typed: they say something of a cluster's pods alone.
    #[must_use]
    pub(crate) const fn are_typed(&self) -> bool {
        self.selector.is_some() || self.container.is_some() || self.all_containers || self.all_namespaces
    }
}

/// Whose agents are asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// This host's, on a socket.
    Host(PathBuf),
    /// A cluster's.
    Cluster,
}

/// What the process was started with, as far as the place depends on it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Around {
    /// Whether it was called as kubectl's plugin.
    pub is_plugin: bool,
    /// `REWIND_SOCKET`.
    pub socket: Option<PathBuf>,
    /// Whether there is a kubeconfig, or a service account's token as in a pod.
    pub has_kubeconfig: bool,
}

impl Around {
    /// Looks at this process.
    #[must_use]
    pub(crate) fn of_process() -> Self {
        let set = |name| std::env::var_os(name).filter(|value| !value.is_empty());
        let home = std::env::home_dir().map(|home| home.join(".kube/config"));
        let in_pod = || set("KUBERNETES_SERVICE_HOST").is_some();
        Self {
            is_plugin: super::program() != "rewind",
            socket: set("REWIND_SOCKET").map(PathBuf::from),
            has_kubeconfig: set("KUBECONFIG").is_some() || home.is_some_and(|file| file.exists()) || in_pod(),
        }
    }
}

/// Decides. What was typed goes before the environment, and a socket before a kubeconfig.
#[must_use]
pub(crate) fn decide(host: &HostFlags, cluster: &ClusterFlags, of_pods: bool, around: &Around) -> Place {
    let socket = || host.socket.clone().or_else(|| around.socket.clone());
    let default = || PathBuf::from(DEFAULT_SOCKET);
    if host.host || host.socket.is_some() {
        return Place::Host(socket().unwrap_or_else(default));
    }
    let ClusterFlags { namespace, context, kubeconfig, as_user, as_groups, .. } = cluster;
    let names_cluster = namespace.is_some() || context.is_some() || kubeconfig.is_some();
    if names_cluster || as_user.is_some() || !as_groups.is_empty() || of_pods {
        return Place::Cluster;
    }
    match socket() {
        None if around.is_plugin && around.has_kubeconfig => Place::Cluster,
        socket => Place::Host(socket.unwrap_or_else(default)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn around(is_plugin: bool, has_kubeconfig: bool) -> Around {
        Around { is_plugin, socket: None, has_kubeconfig }
    }

    #[test]
    fn the_plugin_asks_the_cluster_and_rewind_the_host() {
        let of = |around| decide(&HostFlags::default(), &ClusterFlags::default(), false, &around);
        let here = Place::Host(DEFAULT_SOCKET.into());
        assert_eq!(of(around(true, true)), Place::Cluster);
        assert_eq!(of(around(true, false)), here);
        assert_eq!(of(around(false, true)), here);
    }

    #[test]
    fn whoever_names_a_cluster_or_pods_means_the_cluster() {
        let around = Around { socket: Some("/x.sock".into()), ..around(false, false) };
        let named = ClusterFlags { namespace: Some("shop".into()), ..ClusterFlags::default() };
        assert_eq!(decide(&HostFlags::default(), &named, false, &around), Place::Cluster);
        assert_eq!(decide(&HostFlags::default(), &ClusterFlags::default(), true, &around), Place::Cluster);
    }

    #[test]
    fn a_socket_goes_before_a_kubeconfig() {
        let of = |host: &HostFlags, around: &Around| decide(host, &ClusterFlags::default(), false, around);
        let named = Around { socket: Some("/x.sock".into()), ..around(true, true) };
        assert_eq!(of(&HostFlags::default(), &named), Place::Host("/x.sock".into()));
        let typed = HostFlags { socket: Some("/y.sock".into()), host: false };
        assert_eq!(of(&typed, &named), Place::Host("/y.sock".into()));
        let host = HostFlags { socket: None, host: true };
        assert_eq!(of(&host, &around(true, true)), Place::Host(DEFAULT_SOCKET.into()));
    }
}
