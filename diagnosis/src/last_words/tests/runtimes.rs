//! What runtimes really print when they give up.

use super::{error, words};
use crate::scene::Scene;

#[test]
fn of_a_setting_spring_tells_which_and_what_it_must_be() {
    let said = "***************************\nAPPLICATION FAILED TO START\n***************************\n\nDescription:\n\n\
                Binding to target app.Mail failed:\n\n    Property: app.mail.from\n    Value: \"\"\n    Reason: must not be blank\n\n\n\
                Action:\n\nUpdate your application's configuration\n";
    assert_eq!(error(said), "Binding to target app.Mail failed: Property: app.mail.from Reason: must not be blank");
}

#[test]
fn the_first_cause_of_javas_stands_behind_messages_of_many_lines() {
    let said = error(
        "Exception in thread \"main\" org.flywaydb.MigrateException: Migration V2 failed\nSQL State  : 42P01\n\
         \tat org.flywaydb.Migrate.run(Migrate.java:5)\nCaused by: org.flywaydb.ScriptException: Migration V2 failed\n\
         SQL State  : 42P01\nError Code : 0\n\tat org.flywaydb.Script.run(Script.java:9)\n\t... 17 more\n\
         Caused by: org.postgresql.util.PSQLException: ERROR: relation \"ordrs\" does not exist\n\
         \tat org.postgresql.Jdbc.run(Jdbc.java:7)\n\t... 23 more\n",
    );
    assert_eq!(said, "org.postgresql.util.PSQLException: ERROR: relation \"ordrs\" does not exist");
}

#[test]
fn anyhow_says_the_cause_last() {
    let said =
        error("Error: loading configuration\n\nCaused by:\n    0: cannot read rates\n    1: bad rate \"12,5\"\n");
    assert_eq!(said, "Error: loading configuration: cannot read rates: bad rate \"12,5\"");
}

#[test]
fn python_says_it_behind_the_stack() {
    let said = error(
        "Traceback (most recent call last):\n  File \"<string>\", line 1, in <module>\n  File \"<frozen os>\", line 679, \
         in __getitem__\nKeyError: 'DATABASE_URL'\n",
    );
    assert_eq!(said, "KeyError: 'DATABASE_URL'");
    let said = error(
        "Traceback (most recent call last):\n  File \"a.py\", line 2, in <module>\nKeyError: 'a'\n\nDuring handling of the \
         above exception, another exception occurred:\n\nTraceback (most recent call last):\n  File \"a.py\", line 4, in \
         <module>\n    f()\n    ^^^\nRuntimeError: no settings\n",
    );
    assert_eq!(said, "KeyError: 'a', then RuntimeError: no settings");
    let said = error(
        "Traceback (most recent call last):\n  File \"a.py\", line 2, in <module>\nValueError: bad interval\n\nThe above \
         exception was the direct cause of the following exception:\n\nTraceback (most recent call last):\n  File \
         \"a.py\", line 4, in <module>\n    f()\nRuntimeError: could not start\n",
    );
    assert_eq!(said, "ValueError: bad interval, then RuntimeError: could not start");
    let said = error(
        "Traceback (most recent call last):\n  File \"a.py\", line 2, in <module>\npg.Error: no such host\n\nThe above \
         exception was the direct cause of the following exception:\n\nTraceback (most recent call last):\n  File \
         \"a.py\", line 4, in <module>\n    f()\norm.Error: (pg.Error) no such host\n",
    );
    assert_eq!(said, "orm.Error: (pg.Error) no such host");
    let said = error("  File \"a.py\", line 1\n    x = (\n        ^\nSyntaxError: '(' was never closed\n");
    assert_eq!(said, "SyntaxError: '(' was never closed");
    // A class of one's own without a message.
    let said = error("Traceback (most recent call last):\n  File \"a.py\", line 2, in <module>\n__main__.NotReady\n");
    assert_eq!(said, "__main__.NotReady");
    let said = error(
        "  + Exception Group Traceback (most recent call last):\n  |   File \"<string>\", line 1, in <module>\n  | \
         ExceptionGroup: many (2 sub-exceptions)\n  +-+---------------- 1 ----------------\n    | ValueError: 1\n    \
         +---------------- 2 ----------------\n    | TypeError: x\n    +------------------------------------\n",
    );
    assert_eq!(said, "ExceptionGroup: many (2 sub-exceptions): ValueError: 1");
    let said = error("usage: app [-h] --port PORT\napp: error: the following arguments are required: --port\n");
    assert_eq!(said, "app: error: the following arguments are required: --port");
}

#[test]
fn the_cause_and_the_parts_of_an_error_of_node_are_told_with_it() {
    let said = error(
        "TypeError: fetch failed\n    at node:internal/deps/undici/undici:14976:13\n    at async file:///app/i.mjs:2:70 {\n  \
         [cause]: Error: certificate has expired\n      at TLSSocket.emit (node:events:524:28) {\n    code: \
         'CERT_HAS_EXPIRED'\n  }\n}\n\nNode.js v20.20.2\n",
    );
    assert_eq!(said, "TypeError: fetch failed: Error: certificate has expired");
    let said = error(
        "ZodError: [\n  {\n    \"path\": [\n      \"price\"\n    ],\n    \"message\": \"expected number\"\n  }\n]\n    at \
         file:///app/i.mjs:2:139\n\nNode.js v20.20.2\n",
    );
    assert_eq!(said, r#"ZodError: [ { "path": [ "price" ], "message": "expected number" } ]"#);
}

#[test]
fn node_says_it_before_the_stack() {
    let said = error(
        "[eval]:1\nnull.x\n     ^\n\nTypeError: Cannot read properties of null (reading 'x')\n    at [eval]:1:6\n    at \
         runScriptInThisContext (node:internal/vm:209:10)\n\nNode.js v20.20.2\n",
    );
    assert_eq!(said, "TypeError: Cannot read properties of null (reading 'x')");
    let said = error(
        "node:internal/modules/cjs/loader:1210\n  throw err;\n  ^\n\nError: Cannot find module 'express'\nRequire stack:\n- \
         /app/server.js\n    at Module._resolveFilename (node:internal/modules/cjs/loader:1207:15)\n    at require \
         (node:internal/modules/helpers:182:18) {\n  code: 'MODULE_NOT_FOUND',\n  requireStack: [ '/app/server.js' ]\n}\n\n\
         Node.js v20.20.2\n",
    );
    assert_eq!(said, "Error: Cannot find module 'express'");
    let said = error(
        "node:internal/process/promises:389\n      new UnhandledPromiseRejection(reason);\n      ^\n\n\
         UnhandledPromiseRejection: This error originated either by throwing inside of an async function without a catch \
         block. The promise rejected with the reason \"#<Object>\".\n    at throwUnhandledRejectionsMode \
         (node:internal/process/promises:389:7) {\n  code: 'ERR_UNHANDLED_REJECTION'\n}\n\nNode.js v20.20.2\n",
    );
    assert_eq!(said, "UnhandledPromiseRejection: #<Object>");
    let said = error(
        "TypeError [ERR_INVALID_ARG_TYPE]: The \"path\" argument must be of type string\n    at Object.openSync \
         (node:fs:573:18) {\n  code: 'ERR_INVALID_ARG_TYPE'\n}\n",
    );
    assert_eq!(said, "TypeError [ERR_INVALID_ARG_TYPE]: The \"path\" argument must be of type string");
    let said = error(
        "[eval]:1\nconst e=new Error(\"boom\"); throw e\n                           ^\n\nError: boom\n    at [eval]:1:9\n    \
         ... 4 lines matching cause stack trace ...\n    at node:internal/main/eval_string:51:3 {\n  cause: Error: inner\n      \
         at [eval]:1:36\n}\n\nNode.js v20.20.2\n",
    );
    assert_eq!(said, "Error: boom");
    let said = error(
        "\n[eval]:1\nthrow \"a string\"\n^\na string\n(Use `node --trace-uncaught ...` to show where the exception was \
         thrown)\n\nNode.js v20.20.2\n",
    );
    assert_eq!(said, "a string");
}

#[test]
fn java_says_it_in_the_last_cause() {
    let said = error(
        "Exception in thread \"main\" java.lang.IllegalStateException: cannot start\n\tat M.main(M.java:2)\nCaused by: \
         java.lang.RuntimeException: middle\n\t... 1 more\nCaused by: java.io.FileNotFoundException: /etc/app.yml (No such \
         file or directory)\n\t... 1 more\n",
    );
    assert_eq!(said, "java.io.FileNotFoundException: /etc/app.yml (No such file or directory)");
    let said =
        error("Exception in thread \"main\" java.lang.OutOfMemoryError: Java heap space\n\tat M.main(M.java:3)\n");
    assert_eq!(said, "java.lang.OutOfMemoryError: Java heap space");
    let said =
        error("Error: Could not find or load main class Nope\nCaused by: java.lang.ClassNotFoundException: Nope\n");
    assert_eq!(said, "Error: Could not find or load main class Nope");
    let said = error(
        "Error: LinkageError occurred while loading main class Shop\n\tjava.lang.UnsupportedClassVersionError: Shop has \
         been compiled by a more recent version\n",
    );
    assert_eq!(said, "java.lang.UnsupportedClassVersionError: Shop has been compiled by a more recent version");
    let said = error(
        "Error: Unable to initialize main class Shop\nCaused by: java.lang.NoClassDefFoundError: org/slf4j/Logger\n",
    );
    assert_eq!(said, "java.lang.NoClassDefFoundError: org/slf4j/Logger");
    assert_eq!(error("Error: Unable to access jarfile nope.jar\n"), "Error: Unable to access jarfile nope.jar");
    let said = error(
        "Error occurred during initialization of VM\nInitial heap size set to a larger value than the maximum heap size\n",
    );
    assert_eq!(said, "Initial heap size set to a larger value than the maximum heap size");
    let said = error(
        "Unrecognized option: --badopt\nError: Could not create the Java Virtual Machine.\nError: A fatal exception has \
         occurred. Program will exit.\n",
    );
    assert_eq!(said, "Unrecognized option: --badopt");
    let said = error(
        "#\n# There is insufficient memory for the Java Runtime Environment to continue.\n# Native memory allocation \
         (mmap) failed to map 16777216 bytes for committing reserved memory.\n# An error report file with more \
         information is saved as:\n# //hs_err_pid1.log\n",
    );
    assert_eq!(said, "There is insufficient memory for the Java Runtime Environment to continue");
}

#[test]
fn go_says_it_in_pieces() {
    let mut scene = Scene::of("app");
    for piece in ["panic: ", "assignment to entry in nil map", "\n", "\n", "goroutine ", "1", " [", "running", "]:\n"] {
        scene.say(2, piece);
    }
    for piece in ["main.main", "(", ")\n", "\t", "/app/main.go", ":", "3", " +", "0x10e", "\n"] {
        scene.say(2, piece);
    }
    assert_eq!(words(&mut scene), Some(("panic: assignment to entry in nil map".to_owned(), true)));
    let said = error(
        "panic: runtime error: invalid memory address or nil pointer dereference\n[signal SIGSEGV: segmentation violation \
         code=0x1 addr=0x0 pc=0x4a97f9]\n\ngoroutine 1 [running]:\nmain.main()\n\t/app/main.go:3 +0x139\n",
    );
    assert_eq!(said, "panic: runtime error: invalid memory address or nil pointer dereference");
    let said = error(
        "fatal error: all goroutines are asleep - deadlock!\n\ngoroutine 1 [chan receive]:\nmain.main()\n\t/app/main.go:3 \
         +0x19c\n",
    );
    assert_eq!(said, "fatal error: all goroutines are asleep - deadlock!");
    let said = error("panic: first\n\tpanic: second\n\ngoroutine 1 [running]:\nmain.main.func1()\n\t/app/main.go:3\n");
    assert_eq!(said, "panic: first panic: second");
    let said = error("2026/11/29 08:24:38 listen tcp :80: bind: permission denied\n");
    assert_eq!(said, "listen tcp :80: bind: permission denied");
}

#[test]
fn rust_c_and_cpp_say_it_in_their_way() {
    let said = error(
        "\nthread 'main' (25175) panicked at r.rs:1:133:\nDATABASE_URL must be set\nstack backtrace:\n   0: \
         __rustc::rust_begin_unwind\n             at /rustc/59807616/library/std/src/panicking.rs:689:5\n   3: r::main\nnote: \
         Some details are omitted, run with `RUST_BACKTRACE=full` for a verbose backtrace.\n",
    );
    assert_eq!(said, "thread 'main' panicked at r.rs:1:133: DATABASE_URL must be set");
    let said = error(
        "\nthread '<unnamed>' (25180) panicked at r.rs:1:204:\nin thread\nnote: run with `RUST_BACKTRACE=1` environment \
         variable to display a backtrace\n\nthread 'main' (25178) panicked at r.rs:1:232:\ncalled `Result::unwrap()` on an \
         `Err` value: Any { .. }\n",
    );
    assert_eq!(said, "thread '<unnamed>' panicked at r.rs:1:204: in thread");
    let said = error("terminate called after throwing an instance of 'std::runtime_error'\n  what():  no config\n");
    assert_eq!(said, "terminate called after throwing an instance of 'std::runtime_error' what(): no config");
    for line in [
        "c: c.cc:5: int main(int, char**): Assertion `c==7' failed",
        "free(): double free detected in tcache 2",
        "*** stack smashing detected ***: terminated",
        "app: error while loading shared libraries: libpq.so.5: cannot open shared object file: No such file or directory",
    ] {
        assert_eq!(error(&format!("{line}\n")), line);
    }
}

#[test]
fn shells_and_scripts_say_it_in_one_line() {
    for line in [
        "sh: 1: nosuchcmd: not found",
        "bash: line 1: nosuchcmd: command not found",
        "cat: /etc: Is a directory",
        "oops at app.pl line 1",
        "PHP Fatal error: Uncaught Exception: no settings in /app/index.php:3",
    ] {
        assert_eq!(error(&format!("{line}\n")), line);
    }
    let said = error(
        "app.rb:1:in `<main>': undefined local variable or method `x' for main:Object (NameError)\n\tfrom boot.rb:1:in \
         `require'\n",
    );
    assert_eq!(said, "undefined local variable or method `x' for main:Object (NameError)");
    let said = error(
        "Can't locate Csv/Export.pm in @INC (you may need to install the Csv::Export module) at -e line 1.\nBEGIN \
         failed--compilation aborted at -e line 1.\n",
    );
    assert_eq!(
        said,
        "Can't locate Csv/Export.pm in @INC (you may need to install the Csv::Export module) at -e line 1"
    );
    let said = error(
        "Unhandled exception. System.IO.FileNotFoundException: Could not find file '/app/x.json'.\n   at \
         System.IO.File.Open()\n   at Program.Main() in /src/Program.cs:line 3\n",
    );
    assert_eq!(said, "Unhandled exception. System.IO.FileNotFoundException: Could not find file '/app/x.json'");
    let said = error(
        "error: the following required arguments were not provided:\n  --port <PORT>\n\nUsage: app --port <PORT>\n\nFor \
         more information, try '--help'.\n",
    );
    assert_eq!(said, "error: the following required arguments were not provided: --port <PORT>");
}

#[test]
fn lua_says_it_above_the_stack() {
    let said = error(
        "lua5.4: app.lua:1: attempt to index a nil value (local 'config')\nstack traceback:\n\tapp.lua:1: in main chunk\n\t[C]: \
         in ?\n",
    );
    assert_eq!(said, "lua5.4: app.lua:1: attempt to index a nil value (local 'config')");
}

#[test]
fn an_error_of_the_virtual_machine_itself_is_told_with_its_words() {
    let said = "#\n# A fatal error has been detected by the Java Runtime Environment:\n#\n#  Internal Error (debug.cpp:362), \
                pid=1, tid=6\n#  fatal error: OutOfMemory encountered: Java heap space\n#\n";
    assert_eq!(error(said), "fatal error: OutOfMemory encountered: Java heap space");
}
