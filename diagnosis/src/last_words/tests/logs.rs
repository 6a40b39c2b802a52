//! What servers and loggers print.

use super::error;

#[test]
fn servers_say_it_with_a_level() {
    let said = error(
        "2026/11/29 08:00:00 [emerg] 1#1: bind() to 0.0.0.0:80 failed (98: Address already in use)\nnginx: configuration \
         file /etc/nginx/nginx.conf test failed\n",
    );
    assert_eq!(said, "bind() to 0.0.0.0:80 failed (98: Address already in use)");
    let said = error(
        "2026-11-29 08:00:00.123 UTC [1] LOG:  starting PostgreSQL 16.1\n2026-11-29 08:00:00.124 UTC [1] FATAL:  data \
         directory \"/var/lib/postgresql/data\" has invalid permissions\n2026-11-29 08:00:00.124 UTC [1] DETAIL:  \
         Permissions should be u=rwx (0700) or u=rwx,g=rx (0750).\n",
    );
    assert_eq!(said, "data directory \"/var/lib/postgresql/data\" has invalid permissions");
    let said = error(
        "\n*** FATAL CONFIG FILE ERROR (Redis 7.0.15) ***\nReading the configuration file, at line 2\n>>> 'bindd x'\nBad \
         directive or wrong number of arguments\n",
    );
    assert_eq!(
        said,
        "Reading the configuration file, at line 2 >>> 'bindd x' Bad directive or wrong number of arguments"
    );
    let said = error("1:M 29 Nov 2026 08:24:38.123 # Fatal error loading the DB, check server logs. Exiting.\n");
    assert!(said.contains("Fatal error loading the DB"), "{said}");
    let said = error("F1129 12:00:00.000000       1 main.go:7] cannot reach the API server\n");
    assert_eq!(said, "cannot reach the API server");
    let said = error("E1129 12:00:00.000000 1 a.go:1] unable to list\nI1129 12:00:00.000000 1 a.go:2] failed over\n");
    assert_eq!(said, "unable to list");
}

#[test]
fn logs_with_fields_are_read_by_their_fields() {
    let said = error(
        "{\"level\":\"info\",\"msg\":\"no error yet\"}\n{\"level\":\"fatal\",\"ts\":1.5,\"msg\":\"cannot \
         migrate\",\"error\":\"dial tcp 10.0.0.5:5432: connect: connection refused\"}\n",
    );
    assert_eq!(said, "cannot migrate: dial tcp 10.0.0.5:5432: connect: connection refused");
    let said = error(
        "{\"level\":50,\"time\":1,\"err\":{\"type\":\"Error\",\"message\":\"no \\\"key\\\"\",\"stack\":\"Error: no\\n    at \
         x\"},\"msg\":\"startup\"}\n",
    );
    assert_eq!(said, "startup: no \"key\"");
    // Cut within the stack: what is there is read.
    let said = error("{\"severity\":\"ERROR\",\"message\":\"no quota\",\"stack\":\"Error: no\\n    at x…");
    assert_eq!(said, "no quota");
    let said = error("time=\"2026-11-29T12:00:00Z\" level=fatal msg=\"cannot load \\\"x\\\"\" err=\"EOF\" n=1\n");
    assert_eq!(said, "cannot load \"x\": EOF");
    assert_eq!(error("level=info msg=\"retry failed tasks\"\n"), "");
}

#[test]
fn lines_that_only_help_are_none() {
    let said = error(
        "npm error Missing script: \"start\"\nnpm error\nnpm error To see a list of scripts, run:\nnpm error   npm \
         run\nnpm error A complete log of this run can be found in: /root/.npm/_logs/x-debug-0.log\n",
    );
    assert_eq!(said, "Missing script: \"start\"");
    let said = error(
        "2026-11-29T08:00:00.1Z 0 [ERROR] [MY-010259] [Server] Another process with pid 7 is using the socket.\n\
         2026-11-29T08:00:00.1Z 0 [ERROR] [MY-010119] [Server] Aborting\n",
    );
    assert_eq!(said, "[MY-010259] [Server] Another process with pid 7 is using the socket");
    let said = error(
        "CRITICAL:app:no tenant\nINFO:app:failed tasks: 0\n{\"t\":{\"$date\":\"2026\"},\"s\":\"I\",\"msg\":\"no error\"}\n",
    );
    assert_eq!(said, "no tenant");
    let said = error("{\"t\":{\"$date\":\"2026\"},\"s\":\"F\",\"c\":\"-\",\"msg\":\"no storage engine\"}\n");
    assert_eq!(said, "no storage engine");
    let said = error(
        "2026-11-29 08:00:00.000 ERROR 1 --- [main] o.s.b.d.LoggingFailureAnalysisReporter :\n\n***************************\n\
         APPLICATION FAILED TO START\n***************************\n\nDescription:\n\nWeb server failed to start. Port 8080 \
         was already in use.\n\nAction:\n\nIdentify and stop the process.\n",
    );
    assert_eq!(said, "Web server failed to start. Port 8080 was already in use");
}

#[test]
fn that_there_were_errors_is_no_error_at_any_level() {
    let said = error(
        "[ALERT]    (1) : config : Proxy 'f': unable to find required default_backend: 'shop'.\n[ALERT]    (1) : config : \
         Fatal errors found in configuration.\n",
    );
    assert!(said.contains("unable to find required default_backend: 'shop'"), "{said}");
}

#[test]
fn the_header_of_a_message_is_none() {
    let said = |text: &str| {
        let mut scene = crate::scene::Scene::of("java Shop");
        scene.say(2, text);
        super::words(&mut scene)
    };
    let header = "Nov 29, 2026 7:04:08\u{202f}PM shop.Main main\n";
    let plain = Some(("INFO: Shutting down".to_owned(), false));
    assert_eq!(said(&format!("{header}INFO: Shutting down\n")), plain);
    let words = Some(("no licence".to_owned(), true));
    assert_eq!(said(&format!("{header}SEVERE: no licence\n{header}INFO: Shutting down\n")), words);
    let no_header = "Nov 29, 2026 is the last day of the licence\n";
    assert_eq!(said(no_header), Some((no_header.trim().to_owned(), false)));
}

#[test]
fn the_number_of_a_process_is_no_level() {
    assert_eq!(
        error("[2026-11-30 12:00:00 +0000] [10] [ERROR] Connection in use: ('0.0.0.0', 8000)\n"),
        "Connection in use: ('0.0.0.0', 8000)"
    );
    assert_eq!(
        error("2026-11-30 12:00:00 UTC [30] FATAL:  role \"shop\" does not exist\n"),
        "role \"shop\" does not exist"
    );
    let mut scene = crate::scene::Scene::of("gunicorn");
    scene.say(2, "[2026-11-30 12:00:00 +0000] [60] [INFO] Starting gunicorn 21.2.0\n");
    assert_eq!(super::words(&mut scene).map(|(_, is_error)| is_error), Some(false));
}

#[test]
fn who_logs_is_not_what_is_said() {
    for (line, said) in [
        (
            "2026/11/30 12:24:36 [emerg] 1#1: unknown directive \"x\" in /app/nginx.conf:5\n",
            "unknown directive \"x\" in /app/nginx.conf:5",
        ),
        ("2026/11/30 12:24:36 [crit] 7#7: *4 open() \"/srv/a\" failed\n", "open() \"/srv/a\" failed"),
        (
            "[FATAL tini (6)] exec /opt/app failed: No such file or directory\n",
            "exec /opt/app failed: No such file or directory",
        ),
        (
            "1:M 30 Nov 2026 12:24:36.384 # Fatal error loading the DB: Invalid argument. Exiting.\n",
            "Fatal error loading the DB: Invalid argument. Exiting",
        ),
    ] {
        assert_eq!(error(line), said);
    }
}

#[test]
fn the_last_failure_of_redis_is_told() {
    let mut scene = crate::scene::Scene::of("redis-server");
    for said in [
        "1:M 30 Nov 2026 13:27:04.202 # Server can't set maximum open files because of OS error: Operation not permitted.\n",
        "1:M 30 Nov 2026 13:27:04.203 * Running mode=standalone, port=27282.\n",
        "1:M 30 Nov 2026 13:27:04.203 # Bad file format reading the append only file a.aof\n",
    ] {
        scene.say(1, said);
    }
    let said = super::words(&mut scene);
    assert_eq!(said, Some(("Bad file format reading the append only file a.aof".to_owned(), true)));
}
