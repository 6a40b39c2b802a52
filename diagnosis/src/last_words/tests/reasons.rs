//! Which of several lines gives the reason.

use super::{error, words};
use crate::scene::{MS, S, Scene};

#[test]
fn what_gives_no_reason_gives_way_to_the_error_right_before_it_that_gives_one() {
    let pgbouncer = "2026-11-29 23:43:07.050 UTC [1] ERROR invalid value \"scram-md5\" for parameter auth_type\n\
                     2026-11-29 23:43:07.050 UTC [1] FATAL cannot load config file\n";
    assert_eq!(error(pgbouncer), "invalid value \"scram-md5\" for parameter auth_type");
    // What failed between is what the second is of.
    let mut scene = Scene::of("app");
    scene.say(2, "2026-11-29 19:23:52,198 ERROR app: geoip database missing, lookups disabled\n");
    scene.open("/app/secret", -13);
    scene.say(2, "2026-11-29 19:23:52,198 ERROR app: cannot read signing secret\n");
    assert_eq!(words(&mut scene), Some(("app: cannot read signing secret".to_owned(), true)));
}

#[test]
fn who_gives_up_has_said_of_each_attempt_why_it_failed() {
    let gives_up = |pause_ns: u64| {
        let mut scene = Scene::of("app");
        for attempt in 1..4 {
            scene
                .say(2, &format!("database not ready yet (attempt {attempt}): pq: SSL is not enabled on the server\n"));
            scene.later(S);
        }
        scene.later(pause_ns);
        scene.say(2, "giving up on database\n");
        words(&mut scene).map(|(text, _)| text)
    };
    let reason = "database not ready yet (attempt 3): pq: SSL is not enabled on the server";
    assert_eq!(gives_up(0).as_deref(), Some(reason));
    assert_eq!(gives_up(8 * S).as_deref(), Some("giving up on database"));
}

#[test]
fn of_a_lock_that_was_poisoned_the_panic_that_did_it_is_told() {
    let said = "\nthread '<unnamed>' (8) panicked at src/main.rs:25:135:\nchecksum mismatch in segment 7\n\
                \nthread 'main' (1) panicked at src/main.rs:25:197:\ncalled `Result::unwrap()` on an `Err` value: PoisonError { .. }\n";
    assert!(error(said).contains("checksum mismatch in segment 7"), "{}", error(said));
}

#[test]
fn what_was_said_before_a_hook_failed_to_remove_a_file_is_told() {
    let mut scene = Scene::of("perl");
    scene.say(2, "batch 12 is out of sequence\n");
    scene.call(700, 87).string("/run/app.pid").result(-2).end();
    scene.say(2, "cannot remove pid file: No such file or directory\n");
    assert_eq!(words(&mut scene), Some(("batch 12 is out of sequence".to_owned(), true)));
}

#[test]
fn what_is_said_again_and_again_is_no_last_word() {
    let mut scene = Scene::of("node");
    for _ in 0..5 {
        scene.connect([127, 0, 0, 1], 6398, -111);
        scene.say(2, "cache: ECONNREFUSED\n");
        scene.later(400 * MS);
    }
    scene.open("/app/keys/signing.pem", -13);
    scene.say(2, "signing key not usable\n");
    scene.exit(700, 2 << 8);
    let answer = scene.answer();
    assert!(answer.contains("/app/keys/signing.pem was denied") && !answer.contains("6398"), "{answer}");
}

#[test]
fn openssl_says_what_was_not_done_above_its_own_errors() {
    let said = "Could not read private key from /app/k.pem\n\
                405770F5BB7F0000:error:1608010C:STORE routines:ossl_store_handle_load_result:unsupported:store.c:151:\n";
    assert_eq!(error(said), "Could not read private key from /app/k.pem");
}

#[test]
fn a_word_of_the_source_that_node_shows_names_nothing() {
    let mut scene = Scene::of("node");
    scene.open("/var/cache/rates.json", -2);
    scene.later(300 * MS);
    scene.open("/tmp/turn", 5);
    scene.say(
        2,
        "file:///app/index.mjs:2\ncache('/var/cache/rates.json'); for (const line of order.lines) {}\n         ^\n\n\
                  TypeError: order.lines is not iterable\n    at file:///app/index.mjs:2:1\n",
    );
    scene.exit(700, 1 << 8);
    assert_eq!(scene.answer(), "It exited with 1: it said \"TypeError: order.lines is not iterable\".");
}

#[test]
fn what_a_hook_warns_of_is_not_what_it_ended_of() {
    let mut scene = Scene::of("app");
    scene.connect([127, 0, 0, 1], 8500, -111);
    scene.say(2, "2026/11/29 23:57:08 WARN could not deregister: dial tcp 127.0.0.1:8500: connection refused\n");
    scene.say(2, "app: route table eu-1 has overlapping prefixes\n");
    scene.exit(700, 1 << 8);
    let answer = "It exited with 1; the last that it wrote is \"app: route table eu-1 has overlapping prefixes\".";
    assert_eq!(scene.answer(), answer);
}

#[test]
fn what_fails_once_it_has_said_why_it_ends_is_not_that() {
    let mut scene = Scene::of("bash run");
    scene.say(2, "ERROR: replica lag 9312 s exceeds 600 s\n");
    scene.call(700, 62).arg(99_999).arg(9).result(-3).end();
    scene.say(2, "run: line 1: kill: (99999) - No such process\n");
    scene.exit(700, 4 << 8);
    assert_eq!(scene.answer(), "It exited with 4: it said \"replica lag 9312 s exceeds 600 s\".");
}

#[test]
fn the_name_of_an_exception_alone_gives_no_reason() {
    let said = "Traceback (most recent call last):\n  File \"a.py\", line 4, in <module>\n\
                pika.exceptions.AMQPConnectionError\n";
    let mut scene = Scene::of("app");
    scene.connect([127, 0, 0, 1], 5672, -111);
    scene.say(2, said);
    scene.exit(700, 1 << 8);
    assert!(scene.answer().ends_with("right before that connect to 127.0.0.1:5672 was refused (ECONNREFUSED)."));
}

#[test]
fn a_peer_that_refused_is_what_no_connection_came_to_be_with() {
    for said in [
        "redis.clients.jedis.exceptions.JedisConnectionException: Failed to connect to any host\n",
        "Unable to start: SequelizeConnectionRefusedError\n",
    ] {
        let mut scene = Scene::of("app");
        scene.connect([127, 0, 0, 1], 6399, -111);
        scene.open("/app/lib/errors.class", 5);
        scene.say(2, said);
        scene.exit(700, 1 << 8);
        assert!(scene.answer().contains("connect to 127.0.0.1:6399 was refused"), "{said}: {}", scene.answer());
    }
}

#[test]
fn of_two_failures_that_were_said_the_last_is_the_reason() {
    let mut scene = Scene::of("php a.php");
    scene.connect([127, 0, 0, 1], 11211, -111);
    scene.say(2, "cache: Connection refused\n");
    scene.call(700, 82).string("/tmp/up").string("/data/up").result(-13).end();
    scene.say(2, "could not store upload\n");
    scene.exit(700, 1 << 8);
    assert_eq!(
        scene.answer(),
        "It exited with 1: it said \"could not store upload\"; right before that rename of /tmp/up to /data/up was denied (EACCES)."
    );
    let mut scene = Scene::of("ruby a.rb");
    scene.connect([127, 0, 0, 1], 8125, -111);
    scene.say(2, "statsd off: Errno::ECONNREFUSED\n");
    scene.open("/app/prices", -13);
    scene.say(2, "/app/a.rb:4:in `<main>': pricing unavailable (RuntimeError)\n");
    scene.exit(700, 1 << 8);
    assert_eq!(
        scene.answer(),
        "It exited with 1: it said \"pricing unavailable (RuntimeError)\"; right before that openat of /app/prices was denied (EACCES)."
    );
    let mut scene = Scene::of("ruby a.rb");
    scene.connect([127, 0, 0, 1], 6955, -111);
    scene.say(2, "pushgateway: Errno::ECONNREFUSED\n");
    scene.say(2, "/app/a.rb:4:in `fetch': key not found: :tax_id (KeyError)\n\tfrom /app/a.rb:4:in `<main>'\n");
    scene.exit(700, 1 << 8);
    assert_eq!(scene.answer(), "It exited with 1: it said \"key not found: :tax_id (KeyError)\".");
    let mut scene = Scene::of("node a.js");
    scene.say(2, "Invalid URL\n");
    scene.connect([127, 0, 0, 1], 6803, -111);
    scene.say(2, "[sentry] could not send event: ECONNREFUSED\n");
    scene.exit(700, 1 << 8);
    assert_eq!(scene.answer(), "It exited with 1: it said \"Invalid URL\".");
}

#[test]
fn what_is_written_behind_the_reason_as_it_ends_is_none() {
    let mut scene = Scene::of("app");
    scene.connect([10, 0, 0, 5], 5432, -111);
    scene.say(2, "cannot connect to 10.0.0.5:5432: Connection refused\n");
    scene.open("/var/log/app/crash.json", -13);
    scene.say(2, "shutting down\n");
    scene.exit(700, 1 << 8);
    assert!(scene.answer().contains("connect to 10.0.0.5:5432 was refused"), "{}", scene.answer());
    // Who is told of an error is a peer that was not asked before.
    let mut scene = Scene::of("app");
    scene.open("/data/db", -13);
    scene.say(2, "cannot open /data/db: Permission denied\n");
    scene.connect([10, 0, 0, 9], 9000, -111);
    scene.say(2, "ERROR could not open the store\n");
    scene.exit(700, 1 << 8);
    assert!(scene.answer().contains("openat of /data/db was denied"), "{}", scene.answer());
}

#[test]
fn the_line_of_rsync_that_tells_what_failed_is_told() {
    let said = "rsync: [sender] change_dir \"/mnt/uploads\" failed: No such file or directory (2)\n\
                rsync error: some files/attrs were not transferred (see previous errors) (code 23) at main.c(1394) [sender=3.5.0]\n";
    assert_eq!(error(said), "rsync: [sender] change_dir \"/mnt/uploads\" failed: No such file or directory (2)");
}

#[test]
fn words_that_only_name_what_is_concerned_are_told_with_what_failed_right_before() {
    for said in ["fatal: storage\n", "timed out waiting for db\n", "geo lookup failed\n", "sync rejected\n"] {
        let mut scene = Scene::of("app");
        scene.connect([127, 0, 0, 1], 5492, -111);
        scene.say(2, said);
        scene.exit(700, 1 << 8);
        let answer = scene.answer();
        assert!(answer.contains("; right before that connect to 127.0.0.1:5492 was refused"), "{answer}");
    }
    let haproxy = "[ALERT] (1) : config : parsing [/app/h.cfg:13] : unknown keyword 'balanse' in 'backend' section\n\
                   [ALERT] (1) : config : Error(s) found in configuration file : /app/h.cfg\n";
    assert!(error(haproxy).contains("unknown keyword 'balanse'"), "{}", error(haproxy));
}

#[test]
fn what_ran_out_behind_what_was_said_is_the_reason_where_only_the_end_is_said() {
    let mut scene = Scene::of("spoold");
    scene.open("/proc/1/oom_score_adj", -13);
    scene.say(2, "spoold: cannot adjust oom score: Permission denied\n");
    scene.open("/spool/q", -28);
    scene.say(2, "spoold: giving up\n");
    scene.exit(700, 3 << 8);
    let behind = "it said \"spoold: giving up\"; right before that openat of /spool/q found no space left (ENOSPC).";
    assert!(scene.answer().ends_with(behind), "{}", scene.answer());
}

#[test]
fn an_error_that_gives_its_reason_is_not_what_was_said_before() {
    let mut scene = Scene::of("app");
    scene.connect([127, 0, 0, 1], 4317, -111);
    scene.say(2, "otel exporter disabled: Connection refused (os error 111)\n");
    scene.open("/etc/app/limits.conf", 3);
    scene.say(2, "thread 'main' panicked at main.rs:4:116:\nmalformed line in limits.conf\n");
    scene.exit(700, 101 << 8);
    assert!(scene.answer().contains("it said \"thread 'main' panicked"), "{}", scene.answer());
}

#[test]
fn what_python_ignores_as_it_ends_is_no_reason() {
    let mut scene = Scene::of("python3 main.py");
    scene.say(2, "RuntimeError: settlement rejected: currency QQQ is not supported\n");
    scene.open("/data/stage", -2);
    scene.say(
        2,
        "Exception ignored in atexit callback: <function <lambda> at 0x7f5a>\nTraceback (most recent call last):\n  File \
         \"/app/main.py\", line 3, in <lambda>\nFileNotFoundError: [Errno 2] No such file or directory: '/data/stage'\n",
    );
    scene.exit(700, 1 << 8);
    assert!(scene.answer().contains("currency QQQ is not supported\""), "{}", scene.answer());
}

#[test]
fn what_is_wrong_at_a_place_of_a_file_is_an_error_whatever_the_words() {
    let said =
        error("relay: warning: /etc/relay.d/local.conf: No such file\nrelay.conf:2: expected \"peer HOST:PORT\"\n");
    assert_eq!(said, "relay.conf:2: expected \"peer HOST:PORT\"");
}

#[test]
fn a_list_of_options_is_no_error() {
    let mut scene = Scene::of("sidekiq");
    scene.say(
        1,
        "sidekiq [options]\n    -t, --timeout NUM                Shutdown timeout\n    -V, --version    Print\n",
    );
    scene.exit(700, 1 << 8);
    assert!(!scene.answer().contains("it said"), "{}", scene.answer());
}

#[test]
fn of_two_lines_that_say_the_same_the_one_with_a_reason_is_told() {
    let sshd = "Unable to load host key \"/app/hk\": bad permissions\nUnable to load host key: /app/hk\n\
                sshd: no hostkeys available -- exiting.\n";
    assert_eq!(error(sshd), "Unable to load host key \"/app/hk\": bad permissions");
}

#[test]
fn what_stands_above_that_it_aborts_is_told_with_that() {
    let mariadb = "mariadbd: Please consult the documentation to find out how to run mariadbd as root!\n\
                   2026-12-01  1:18:35 0 [ERROR] Aborting\n";
    assert!(error(mariadb).starts_with("mariadbd: Please consult"), "{}", error(mariadb));
    let logged =
        "2026-12-01  1:18:35 0 [Note] Ready to take all of the connections\n2026-12-01  1:18:35 0 [ERROR] Aborting\n";
    assert_eq!(error(logged), "Aborting");
    let because =
        "1:M 01 Dec 2026 01:21:13.480 # Aborting startup because of ACL errors: users.acl:2: Unknown command\n";
    assert!(error(because).contains("users.acl:2: Unknown command"), "{}", error(because));
}

#[test]
fn an_engine_that_is_not_known_did_not_start_for_what_was_said_before() {
    let line = |text: &str| format!("2026-12-01  1:26:42 0 [ERROR] {text}\n");
    let said = line("InnoDB: The data file './ibdata1' is of a different size")
        + &line("InnoDB: Plugin initialization aborted with error Generic error")
        + &line("Plugin 'InnoDB' registration as a STORAGE ENGINE failed.")
        + &line("Unknown/unsupported storage engine: InnoDB")
        + &line("Aborting");
    assert!(error(&said).starts_with("InnoDB: The data file './ibdata1' is of a different size"), "{}", error(&said));
}

#[test]
fn what_only_says_that_it_ends_gives_way() {
    let sshd = "/app/sshd_config: line 3: Bad configuration option: PermitRootLogins\n\
                /app/sshd_config: terminating, 1 bad configuration options\n";
    assert_eq!(error(sshd), "/app/sshd_config: line 3: Bad configuration option: PermitRootLogins");
}
