//! `kubectl-rewind` under the name that it has on a host without a cluster.
#![forbid(unsafe_code)]

fn main() -> std::process::ExitCode {
    kubectl_rewind::main()
}
