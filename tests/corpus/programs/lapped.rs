//! A million calls of ordinary work before the end: the start is overwritten.

use crate::program::Source::{C, Go};
use crate::program::{Program, built, program, python};

const WORK: &str = "import os\nfor _ in range(1000000): os.getppid()\n";

pub(crate) fn programs() -> Vec<Program> {
    let work = |then: &str| python(&format!("{WORK}{then}"));
    vec![
        program("lapped_python_key_error", work("{}['port']"), work("pass"), &["KeyError: 'port'"])
            .not(&["site-packages"]),
        program(
            "lapped_python_refused",
            work("import socket; socket.create_connection(('127.0.0.1', 5432))"),
            work("pass"),
            &["127.0.0.1:5432", "refused|ECONNREFUSED"],
        ),
        program(
            "lapped_python_quiet",
            work("try: open('/etc/app/app.conf')\nexcept OSError: os._exit(1)"),
            work("pass"),
            &["/etc/app/app.conf", "no such file|ENOENT"],
        ),
        program(
            "lapped_c_config",
            built(C, &["lapped-config"]),
            built(C, &["lapped-config"]).file("/etc/app/app.conf", ""),
            &["/etc/app/app.conf", "no such file|ENOENT"],
        ),
        program(
            "lapped_go_nil_map",
            built(Go, &["lapped-nil-map"]),
            built(Go, &["well"]),
            &["assignment to entry in nil map"],
        ),
    ]
}
