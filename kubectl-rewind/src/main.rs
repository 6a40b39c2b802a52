//! The plugin `kubectl-rewind`: see the crate `kubectl_rewind`.
#![forbid(unsafe_code)]

fn main() -> std::process::ExitCode {
    kubectl_rewind::main()
}
