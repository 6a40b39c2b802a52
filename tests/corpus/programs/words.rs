//! What the program says explains it: exceptions, panics, messages. No call fails that has to do with it.

use crate::program::Source::{C, C32, Go, Java, Musl, Rust};
use crate::program::{Program, bash, built, node, program, python, run, sh};

/// What runtimes try in vain in good health as well.
const HARMLESS: &[&str] = &["microcode", "pkey_alloc", "EBADF", "EINVAL", "ENOTTY", "site-packages", "ld.so.preload"];

pub(crate) fn programs() -> Vec<Program> {
    let all = runtimes().into_iter().chain(compiled()).chain(scripts());
    all.map(|program| program.not(HARMLESS)).collect()
}

fn runtimes() -> Vec<Program> {
    vec![
        program(
            "python_key_error",
            python("config = {}\nprint(config['port'])"),
            python("config = {'port': 1}\nprint(config['port'])"),
            &["KeyError: 'port'"],
        ),
        program(
            "python_module",
            python("import json, sockets_of_ours"),
            python("import json"),
            &["No module named 'sockets_of_ours'"],
        ),
        program(
            "python_json",
            python("import json; json.loads('{port: 1}')"),
            python("import json; json.loads('{\"port\": 1}')"),
            &["JSONDecodeError|Expecting property name"],
        ),
        program(
            "python_from_another",
            python(
                "try: int('x')\nexcept ValueError as error: raise RuntimeError('no tenant is configured') from error",
            ),
            python("try: int('x')\nexcept ValueError: pass"),
            &["RuntimeError: no tenant is configured"],
        ),
        program(
            "python_json_log",
            python(
                "import json, sys\nfor level, text in [('info', 'starting'), ('error', 'no tenant is configured')]:\n print(json.dumps({'level': level, 'msg': text}), file=sys.stderr)\nsys.exit(3)",
            ),
            python("import json, sys\nprint(json.dumps({'level': 'info', 'msg': 'starting'}), file=sys.stderr)"),
            &["no tenant is configured"],
        ),
        program(
            "python_in_a_thread_below_a_shell",
            python("import threading, os\ndef work():\n try: {}['port']\n except KeyError as e: print('worker: missing', e, flush=True); os._exit(4)\nthreading.Thread(target=work).start()")
                .below(&["/usr/bin/busybox", "sh", "-c", "\"$@\"; exit $?", "sh"]),
            python("import threading\nthreading.Thread(target=print).start()")
                .below(&["/usr/bin/busybox", "sh", "-c", "\"$@\"; exit $?", "sh"]),
            &["worker: missing 'port'"],
        ),
        program(
            "node_rejection",
            node("Promise.reject(new Error('no tenant is configured'))"),
            node("Promise.resolve(1)"),
            &["no tenant is configured"],
        ),
        program(
            "node_type_error",
            node("const config = undefined; console.log(config.port)"),
            node("const config = {port: 1}; console.log(config.port)"),
            &["Cannot read properties of undefined"],
        ),
        program(
            "node_module",
            node("require('sockets-of-ours')"),
            node("require('net')"),
            &["Cannot find module 'sockets-of-ours'|sockets-of-ours"],
        ),
        program("java_null", built(Java, &["null"]), built(Java, &["well"]), &["NullPointerException"]),
        program("java_state", built(Java, &["state"]), built(Java, &["well"]), &["no tenant is configured"]),
        program("java_log", built(Java, &["log"]), built(Java, &["well"]), &["no tenant is configured"]),
        program(
            "node_unsettled",
            run(&["/usr/bin/node", "--input-type=module", "-e", "await new Promise(() => {})"]),
            run(&["/usr/bin/node", "--input-type=module", "-e", "await 1"]),
            &["top-level await"],
        ),
        program("java_heap", built(Java, &["heap"]), built(Java, &["well"]), &["OutOfMemoryError|Java heap space"]),
        program(
            "ruby_nil",
            run(&["/usr/bin/ruby", "-e", "config = nil\nputs config.port"]),
            run(&["/usr/bin/ruby", "-e", "puts 1"]),
            &["undefined method `port'|NoMethodError"],
        ),
        program(
            "php_uncaught",
            run(&["/usr/bin/php8.2", "-r", "throw new RuntimeException('no tenant is configured');"]),
            run(&["/usr/bin/php8.2", "-r", "echo 1;"]),
            &["no tenant is configured"],
        ),
    ]
}

fn compiled() -> Vec<Program> {
    vec![
        program("go_nil_map", built(Go, &["nil-map"]), built(Go, &["well"]), &["assignment to entry in nil map"]),
        program("go_index", built(Go, &["index"]), built(Go, &["well"]), &["index out of range"]),
        program("go_nil", built(Go, &["nil"]), built(Go, &["well"]), &["nil pointer dereference"]),
        program("go_panic", built(Go, &["panic"]), built(Go, &["well"]), &["no tenant is configured"]),
        program("go_asleep", built(Go, &["asleep"]), built(Go, &["well"]), &["all goroutines are asleep"]),
        program("rust_poisoned", built(Rust, &["poison"]), built(Rust, &["well"]), &["checksum mismatch in segment 7"]),
        program("rust_none", built(Rust, &["none"]), built(Rust, &["well"]), &["unwrap()|panicked at"]),
        program("rust_expect", built(Rust, &["expect"]), built(Rust, &["well"]), &["the port is a number"]),
        program("rust_overflow", built(Rust, &["overflow"]), built(Rust, &["well"]), &["subtract with overflow"]),
        program("c_assert", built(C, &["assert"]), built(C, &["assert", "1"]), &["Assertion `port > 0' failed"]),
        program("c32_assert", built(C32, &["assert"]), built(C32, &["assert", "1"]), &["Assertion `port > 0' failed"]),
        program(
            "musl_assert",
            built(Musl, &["assert"]),
            built(Musl, &["assert", "1"]),
            &["Assertion failed: port > 0"],
        ),
    ]
}

fn scripts() -> Vec<Program> {
    vec![
        program(
            "perl_die",
            run(&["/usr/bin/perl", "-e", "print STDERR \"starting\\n\"; die \"no tenant is configured\\n\""]),
            run(&["/usr/bin/perl", "-e", "print STDERR \"starting\\n\""]),
            &["no tenant is configured"],
        ),
        program(
            "perl_module",
            run(&["/usr/bin/perl", "-e", "use Sockets::OfOurs;"]),
            run(&["/usr/bin/perl", "-e", "use POSIX;"]),
            &["Sockets/OfOurs.pm"],
        ),
        program(
            "lua_nil",
            run(&["/usr/bin/lua5.4", "-e", "local config; print(config.port)"]),
            run(&["/usr/bin/lua5.4", "-e", "print(1)"]),
            &["attempt to index a nil value"],
        ),
        program(
            "tcl_unset",
            run(&["/usr/bin/tclsh", "/app.tcl"]).file("/app.tcl", "puts $port\n"),
            run(&["/usr/bin/tclsh", "/app.tcl"]).file("/app.tcl", "set port 1\nputs $port\n"),
            &["can't read \"port\": no such variable"],
        ),
        program(
            "awk_divide",
            run(&["/usr/bin/gawk", "BEGIN { rows = 0; print 1 / rows }"]),
            run(&["/usr/bin/gawk", "BEGIN { print 1 }"]),
            &["division by zero"],
        ),
        program(
            "sqlite_table",
            run(&["/usr/bin/sqlite3", "/tmp/shop.db", "select * from orders"]),
            run(&["/usr/bin/sqlite3", "/tmp/shop.db", "create table orders(id); select * from orders"]),
            &["no such table: orders"],
        ),
        program(
            "bash_unset",
            bash("set -u; echo $PORT"),
            bash("set -u; PORT=1; echo $PORT"),
            &["PORT: unbound variable"],
        ),
        program(
            "dash_unset",
            sh(": ${PORT:?is not set}; echo"),
            sh("PORT=1; : ${PORT:?is not set}; echo"),
            &["PORT: is not set"],
        ),
        program(
            "busybox_number",
            run(&["/usr/bin/busybox", "sh", "-c", "sleep x"]),
            run(&["/usr/bin/busybox", "sh", "-c", "sleep 0"]),
            &["invalid number 'x'"],
        ),
    ]
}
