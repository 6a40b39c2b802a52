//! Commands about what is installed in a cluster.

use super::help::EXIT_CODES;
use super::reading::TopFormat;
use clap::Subcommand;

/// What to do with it.
#[derive(Debug, Subcommand)]
pub(crate) enum Installed {
    /// Deploy the agents to every node of the cluster, or bring them up to this version.
    Deploy {
        /// The agents' image; else the one that belongs to this version.
        #[arg(long, value_name = "IMAGE")]
        image: Option<String>,
        /// Ask the API server whether it would take it all, and change nothing.
        #[arg(long)]
        dry_run: bool,
        /// Write the manifests to standard output, and change nothing.
        #[arg(long, conflicts_with_all = ["dry_run", "no_wait"])]
        print: bool,
        /// Do not wait until every node records.
        #[arg(long)]
        no_wait: bool,
        /// How long is waited for, seconds.
        #[arg(long, value_name = "SECONDS", default_value_t = 300)]
        timeout: u64,
    },
    /// Remove the agents, and all that they made in the cluster and in the nodes' kernels.
    Undeploy {
        /// Leave the Recordings and their kinds.
        #[arg(long)]
        keep_recordings: bool,
        /// How long is waited for the nodes, seconds.
        #[arg(long, value_name = "SECONDS", default_value_t = 120)]
        timeout: u64,
    },
    /// Show the agents of the cluster, by node.
    Status {
        /// How: table or json.
        #[arg(short, long, value_enum, default_value_t)]
        output: TopFormat,
    },
    /// Say whether Rewind works in this cluster for you, and if not, why.
    ///
    /// What is installed, and whether it is of this version; on which nodes agents are ready, and on which not, and why;
    /// what you may read; and what each agent says of its host ('rewind-agent doctor' there says more).
    #[command(after_help = EXIT_CODES)]
    Doctor {
        /// What you may in all namespaces.
        #[arg(short = 'A', long)]
        all_namespaces: bool,
        /// How: table or json.
        #[arg(short, long, value_enum, default_value_t)]
        output: TopFormat,
    },
}
