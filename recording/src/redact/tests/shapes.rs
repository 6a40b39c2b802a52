//! Each shape: what is hidden, and what looks like it and must stay.

use super::{argv, said, said_cut, said_with_gap};

/// Each text, after the arrow as it must read.
fn all(texts: &[(&str, &str)]) {
    for (text, expected) in texts {
        assert_eq!(said(text), *expected);
    }
}

/// Texts in which nothing is a secret.
fn stay(texts: &[&str]) {
    for text in texts {
        assert_eq!(said(text), *text);
        assert_eq!(argv(&["sh", "-c", text]), ["sh", "-c", text]);
    }
}

#[test]
fn the_value_of_a_secret_option_is_hidden_to_its_end() {
    for name in [
        "password",
        "passwd",
        "token",
        "secret",
        "api-key",
        "access-key",
        "client-secret",
        "auth-token",
        "private-key",
        "db.password",
        "apiKey",
        "PASSWORD",
        "github-token",
        "secret-access-key",
        "passphrase",
    ] {
        let option = format!("--{name}");
        assert_eq!(argv(&["x", &format!("{option}=a b,c;d&e"), "f"]), ["x", &format!("{option}=[redacted]"), "f"]);
        assert_eq!(argv(&["x", &option, "hunter 2", "f"]), ["x", &option, "[redacted]", "f"]);
    }
    assert_eq!(argv(&["java", "-Ddb.password=hunter2"]), ["java", "-Ddb.password=[redacted]"]);
    assert_eq!(
        argv(&["create", "--from-literal=password=a b", "pass:a b", "x=1,token=a,b"]),
        ["create", "--from-literal=password=[redacted]", "pass:[redacted]", "x=1,token=[redacted]"]
    );
    assert_eq!(argv(&["env", "PASSWORD=correct horse", "x"]), ["env", "PASSWORD=[redacted]", "x"]);
}

#[test]
fn an_option_behind_a_secret_one_is_no_value() {
    assert_eq!(
        argv(&["mysql", "--password", "--user=root", "-e", "x"]),
        ["mysql", "--password", "--user=root", "-e", "x"]
    );
    assert_eq!(argv(&["x", "--token", "-Zz9hunter2"]), ["x", "--token", "[redacted]"]);
}

#[test]
fn what_single_programs_mean_by_an_option_is_known() {
    for (arguments, hidden, expected) in [
        (&["/usr/bin/curl", "-u", "u:hunter2", "http://x"][..], 2, "u:[redacted]"),
        (&["curl", "-uu:hunter2"], 1, "-uu:[redacted]"),
        (&["curl", "--user=u:hunter2"], 1, "--user=u:[redacted]"),
        (&["mysql", "-phunter2", "db"], 1, "-p[redacted]"),
        (&["sshpass", "-p", "hunter2", "ssh"], 2, "[redacted]"),
        (&["docker", "login", "-u", "u", "-p", "hunter2"], 5, "[redacted]"),
        (&["aws", "configure", "set", "aws_secret_access_key", "hunter2"], 4, "[redacted]"),
        (&["sh", "-c", "curl -s -u u:hunter2 http://x"], 2, "curl -s -u u:[redacted] http://x"),
        (&["sh", "-c", "mysqldump -u root -phunter2 db"], 2, "mysqldump -u root -p[redacted] db"),
        (&["sh", "-c", "sshpass -p 'hunter 2' ssh x"], 2, "sshpass -p '[redacted]' ssh x"),
    ] {
        let mut wanted = arguments.to_vec();
        wanted[hidden] = expected;
        assert_eq!(argv(arguments), wanted);
    }
    for arguments in [
        &["docker", "run", "-p", "80:80", "-u", "1000:1000", "x"][..],
        &["mysql", "-p", "db"],
        &["mkdir", "-p", "/a"],
        &["sh", "-c", "mkdir -p /mysql x -p y; ls -a; mysql -p db --port=3"],
        &["curl", "-u"],
    ] {
        assert_eq!(argv(arguments), arguments);
    }
}

#[test]
fn options_that_are_not_secret_stay() {
    for arguments in [
        &["sort", "--key=2,3", "-k", "2"][..],
        &["sort", "--key", "2"],
        &["x", "--token-ttl=3600", "--max-tokens=4096", "--password-file=/run/secrets/db"],
        &["x", "--password-file", "/run/secrets/db", "--bypass=1", "--compass", "north"],
        &["cat", "/etc/passwd", "/etc/ssl/private/key.pem", "/run/secrets/token"],
        &["passwd", "root"],
        &["env", "PWD=/srv", "OLDPWD=/", "SORT_KEY=2", "PUBLIC_KEY=AAAA", "HISTKEY=1"],
        &["tool", "-p", "8080"],
    ] {
        assert_eq!(argv(arguments), arguments);
    }
}

#[test]
fn options_within_a_script_are_hidden_as_far_as_the_word_goes() {
    for (script, expected) in [
        ("curl --password=hunter2 http://x", "curl --password=[redacted] http://x"),
        ("curl --password hunter2 http://x", "curl --password [redacted] http://x"),
        ("curl --token='a b' http://x", "curl --token='[redacted]' http://x"),
        ("curl -d 'password=a b' http://x", "curl -d 'password=[redacted]' http://x"),
        ("curl -d \"user=x&password=a\" http://x", "curl -d \"user=x&password=[redacted]\" http://x"),
        ("x; export API_KEY=hun\\ ter\"a b\"; y", "x; export API_KEY=[redacted]; y"),
    ] {
        assert_eq!(argv(&["sh", "-c", script])[2], expected);
    }
}

#[test]
fn assignments_are_hidden() {
    all(&[
        ("password=hunter2 user=x\n", "password=[redacted] user=x\n"),
        ("password: hunter2\n", "password: [redacted]\n"),
        ("denied for 'app' (using password: YES)\n", "denied for 'app' (using password: YES)\n"),
        ("denied for 'app' (using password: hunter2)\n", "denied for 'app' (using password: [redacted]\n"),
        ("AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMI/K7MDENG/bPxRfiCY\n", "AWS_SECRET_ACCESS_KEY=[redacted]\n"),
        ("GITHUB_TOKEN=abc STRIPE_KEY=def", "GITHUB_TOKEN=[redacted] STRIPE_KEY=[redacted]"),
        (r#"{"user":"x","password":"hun\"ter2","a":1}"#, r#"{"user":"x","password":"[redacted]","a":1}"#),
        (r#"{"token":12345,"a":"b"}"#, r#"{"token":[redacted],"a":"b"}"#),
        (r#""{\"clientSecret\":\"hunter2\",\"a\":1}""#, r#""{\"clientSecret\":\"[redacted]\",\"a\":1}""#),
        ("{'password': 'hunter 2', 'a': 1}", "{'password': '[redacted]', 'a': 1}"),
        ("Server=db;User Id=sa;Password=hunter2;Encrypt=no", "Server=db;User Id=sa;Password=[redacted];Encrypt=no"),
        ("AccountKey=aGk=;Suffix=x", "AccountKey=[redacted];Suffix=x"),
        ("username=x,password=hunter2,vers=3", "username=x,password=[redacted]"),
        ("token: 8f3b2a1c9d", "token: [redacted]"),
        ("PGPASSWORD=hunter2 MYSQL_PWD=hunter3 psql", "PGPASSWORD=[redacted] MYSQL_PWD=[redacted] psql"),
        ("put secret/db/password=hunter2 x", "put secret/db/password=[redacted] x"),
        ("<password>hunter2</password>", "<password>[redacted]</password>"),
        ("; name=\"password\"\r\n\r\nhunter2\r\n--", "; name=\"password\"\r\n\r\n[redacted]\r\n--"),
        (r#"{"auths":{"x":{"auth":"eDp5"}}}"#, r#"{"auths":{"x":{"auth":"[redacted]"}}}"#),
        ("ALTER USER x PASSWORD 'hunter2';", "ALTER USER x PASSWORD '[redacted]';"),
        ("CREATE USER x IDENTIFIED BY 'hunter2';", "CREATE USER x IDENTIFIED BY '[redacted]';"),
        ("machine h login u password hunter2\n", "machine h login u password [redacted]\n"),
        ("USER u\r\nPASS hunter2\r\n", "USER u\r\nPASS [redacted]\r\n"),
        ("*2\r\n$4\r\nAUTH\r\n$7\r\nhunter2\r\n", "*2\r\n$4\r\nAUTH\r\n$7\r\n[redacted]\r\n"),
        ("client-key-data: LS0tLS1CRUdJTiBSU0EgUFJJVkFURSBLRVk=", "client-key-data: [redacted]"),
        ("body token%3Dabc&x", "body token%3D[redacted]&x"),
    ]);
}

#[test]
fn words_that_occur_in_sentences_and_paths_stay() {
    stay(&[
        "cat: /etc/passwd: Permission denied\n",
        "passwd: Authentication token manipulation error\n",
        "SyntaxError: Unexpected token: unexpected end\n",
        "cp: '/run/secrets/token': No such file or directory\n",
        "the secret: patience\n",
        "/app/e.sh: line 4: API_TOKEN: unbound variable\n",
        "DB_PASSWORD: parameter not set",
        "Enter password: ",
        "cd /srv && PWD=/srv ls",
        "open /root/.aws/credentials: no such file\n",
        "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        "/var/lib/containerd/io.containerd.content.v1.content/blobs/sha256/9f86d081884c7d659a2feaa0c55ad015",
        "/cache/aGVsbG8gd29ybGQgdGhpcyBpcyBiYXNlNjQ/x==",
        "Token::new(2); python3-jwt:all 2.6; PASS src/x.test.js\n",
        "Access-Control-Allow-Credentials: true\r\nNEEDS_TOKEN=false \"token\":null password: None",
        "client-certificate-data: LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0t",
        "key=value keyboard=us monkey: banana tokenizer=bpe",
    ]);
}

#[test]
fn headers_are_hidden() {
    all(&[
        (
            "GET / HTTP/1.1\r\nAuthorization: Bearer abc.def\r\nHost: x\r\n",
            "GET / HTTP/1.1\r\nAuthorization: Bearer [redacted]\r\nHost: x\r\n",
        ),
        ("proxy-authorization: Basic eHg=\r\n", "proxy-authorization: Basic [redacted]\r\n"),
        ("Authorization: hunter2\r\n", "Authorization: [redacted]\r\n"),
        ("Authorization: Digest username=\"x\", response=\"6629\"\r\nA: b", "Authorization: [redacted]\r\nA: b"),
        ("Cookie: a=b; c=d\r\nHost: x", "Cookie: [redacted]\r\nHost: x"),
        ("Set-Cookie: sid=1; Path=/\r\n", "Set-Cookie: [redacted]\r\n"),
        ("X-Api-Key: abcdef\r\n", "X-Api-Key: [redacted]\r\n"),
        ("x-vault-token: abc\r\n", "x-vault-token: [redacted]\r\n"),
        (r#"{"Authorization":"Bearer abc","a":1}"#, r#"{"Authorization":"Bearer [redacted]","a":1}"#),
        ("sent bearer abcdefgh to x", "sent bearer [redacted] to x"),
    ]);
    assert_eq!(
        argv(&["curl", "-H", "Authorization: Bearer abc", "http://x"]),
        ["curl", "-H", "Authorization: Bearer [redacted]", "http://x"]
    );
    stay(&["Accept: */*\r\nAuthorized: yes\r\nX-Request-Id: 4711\r\n", "the bearer of news\n"]);
}

#[test]
fn secrets_in_addresses_are_hidden() {
    all(&[
        ("postgres://u:hunter2@db:5432/x", "postgres://u:[redacted]@db:5432/x"),
        ("redis://:hunter2@r:6379", "redis://:[redacted]@r:6379"),
        ("git clone https://0123456789abcdef0123@git.x/y", "git clone https://[redacted]@git.x/y"),
        ("http://x/?access_token=abc&page=2", "http://x/?access_token=[redacted]&page=2"),
        ("http://x/?sig=a%2Fb&X-Amz-Signature=0f#y", "http://x/?sig=[redacted]&X-Amz-Signature=[redacted]#y"),
    ]);
    stay(&["http://127.0.0.1:8080/a?page=2&key=name&mail=a@b.c", "ssh://git@github.com:22/x", "http://[::1]:80/@x"]);
}

#[test]
fn tokens_are_hidden_wherever_they_stand() {
    for token in [
        "AKIAIOSFODNN7EXAMPLE",
        "ASIAIOSFODNN7EXAMPLE",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U",
        "ghp_0123456789abcdefghij0123456789abcdef",
        "github_pat_11ABCDEFG0123456789_abcdefghij",
        "glpat-0123456789abcdefghij",
        "xoxb-123456789012-abcdefghijkl",
        "AIzaSyA0123456789abcdefghijklmnopqrstuv",
        "sk_live_0123456789abcdefghij",
        "LS0tLS1CRUdJTiBPUEVOU1NIIFBSSVZBVEUgS0VZLS0tLS0K",
        "$6$rounds=5000$saltsalt$0123456789abcdefghij",
    ] {
        assert_eq!(argv(&["x", token, "y"]), ["x", "[redacted]", "y"]);
        assert_eq!(said(&format!("saw {token}, twice {token}\n")), "saw [redacted], twice [redacted]\n");
    }
    stay(&["AKIAshort", "eyJ is no token", "ghp_x", "task-force sk-1", "$HOME/$1/x", "MAKIAIOSFODNN7EXAMPLE"]);
}

#[test]
fn a_private_key_is_hidden_to_its_end_or_that_of_the_text() {
    all(&[
        (
            "a -----BEGIN RSA PRIVATE KEY-----\nMIIE\nxyz\n-----END RSA PRIVATE KEY-----\nb",
            "a -----BEGIN RSA PRIVATE KEY-----[redacted]-----END RSA PRIVATE KEY-----\nb",
        ),
        ("-----BEGIN OPENSSH PRIVATE KEY-----\nb3Blb", "-----BEGIN OPENSSH PRIVATE KEY-----[redacted]"),
    ]);
    stay(&["-----BEGIN CERTIFICATE-----\nMIIE\n-----END CERTIFICATE-----\n"]);
}

#[test]
fn what_may_begin_a_secret_is_hidden_where_a_text_is_cut() {
    for (text, expected) in [
        ("curl https://u:hunt", "curl https://u:[redacted]"),
        ("key AKIAIOSF", "key [redacted]"),
        ("jwt eyJhbGciOiJIUzI1NiJ9", "jwt [redacted]"),
        ("see ghp_01", "see [redacted]"),
        ("password=\"hunt", "password=\"[redacted]"),
        ("git clone https://0123456789", "git clone https://[redacted]"),
        ("sent bearer ab", "sent bearer [redacted]"),
        ("the secret: a", "the secret: [redacted]"),
        ("nothing of that", "nothing of that"),
    ] {
        assert_eq!(said_cut(text), expected);
    }
    for whole in ["see ghp_01", "key AKIAIOSF"] {
        assert_eq!(said(whole), whole);
    }
    // A string of `argv` that is as long as any that is kept has no flag of its own.
    let long = format!("{} ghp_01", "x".repeat(504));
    assert!(argv(&["sh", "-c", &long, "y"])[2].ends_with(" [redacted]"));
}

#[test]
fn what_goes_on_behind_a_gap_may_be_the_rest_of_a_secret() {
    let key = "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7VJTUt9Us8cKj";
    for (last, expected) in [
        ("ter2 is wrong\nCaused by: no route\n", "[redacted]\nCaused by: no route\n"),
        ("ter2", "[redacted]"),
        ("ter2\",\"stack\":\"Error: x\\n at f\\n\"}\n", "[redacted]\\n at f\\n\"}\n"),
        ("ter2\0B=2\0", "[redacted]\0B=2\0"),
        (&format!("{key}\n{key}\r\n{key}\nno key\n"), "[redacted]\nno key\n"),
        (&format!("{key}\n{key}\nab==\n-----END PRIVATE KEY-----\nb\n"), "[redacted]-----END PRIVATE KEY-----\nb\n"),
        (&format!("\n{key}\nno key\n"), "[redacted]\nno key\n"),
        ("\nall of a line, password=hunter2\n", "\nall of a line, password=[redacted]\n"),
    ] {
        assert_eq!(said_with_gap("first, password=hun", last), ["first, password=[redacted]", expected]);
    }
}

#[test]
fn what_programs_read_of_environments_and_command_lines_is_hidden() {
    assert_eq!(said("A=1\0DB_PASSWORD=correct horse\0B=2\0"), "A=1\0DB_PASSWORD=[redacted]\0B=2\0");
    assert_eq!(said("x\0--token\0hunter2\0y\0"), "x\0--token\0[redacted]\0y\0");
}
