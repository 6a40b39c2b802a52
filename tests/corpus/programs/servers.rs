//! Servers that are misconfigured. The twins serve until they are stopped.

use crate::peers::GATEWAY;
use crate::program::{Life, Program, Setup, program, run};

const ALL_IN_TMP: &str = "client_body_temp_path /tmp/b; proxy_temp_path /tmp/p; fastcgi_temp_path /tmp/f; \
                          uwsgi_temp_path /tmp/u; scgi_temp_path /tmp/s; access_log off;";

pub(crate) fn programs() -> Vec<Program> {
    [nginx(), redis(), mosquitto(), haproxy(), memcached(), lighttpd()].into_iter().flatten().collect()
}

/// A server in the host's network, where the ports are that others have taken.
fn server(args: &[&str], address: &'static str) -> Setup {
    run(args).with_peers().life(Life::Serves(address))
}

/// As it is when it does not come up.
fn fails(mut setup: Setup) -> Setup {
    setup.life = Life::Ends;
    setup
}

fn nginx() -> Vec<Program> {
    let with = |address: &'static str, more: &str| {
        let text = format!(
            "daemon off; pid /tmp/pid; error_log stderr; events {{}} http {{ {ALL_IN_TMP} server {{ listen {address}; {more} }} }}"
        );
        server(&["/usr/sbin/nginx", "-c", "/nginx.conf"], address).file("/nginx.conf", &text)
    };
    vec![
        program(
            "nginx_directive",
            fails(with("127.83.79.1:8101", "lissten 80;")),
            with("127.83.79.1:8101", ""),
            &["unknown directive \"lissten\""],
        )
        .not(&["/var/log/nginx"]),
        program(
            "nginx_include",
            fails(with("127.83.79.1:8102", "include /etc/app/tls.conf;")),
            with("127.83.79.1:8102", "include /etc/app/tls.conf;").file("/etc/app/tls.conf", ""),
            &["/etc/app/tls.conf", "no such file|ENOENT"],
        )
        .not(&["/var/log/nginx"]),
        program(
            "nginx_port",
            fails(with("127.83.78.6:8080", "")),
            with("127.83.79.1:8103", ""),
            &["127.83.78.6:8080", "in use|EADDRINUSE"],
        )
        .not(&["/var/log/nginx"]),
    ]
}

fn redis() -> Vec<Program> {
    let with = |bind: &str, port: &str, address: &'static str, more: &[&str]| {
        let args = ["/usr/bin/redis-server", "--save", "", "--bind", bind, "--port", port];
        server(&[&args, more].concat(), address)
    };
    let well = |port: &str, address| with("127.83.79.2", port, address, &[]);
    let at = |port: &str, more: &[&str]| fails(with("127.83.79.2", port, "127.83.79.2:1", more));
    vec![
        program(
            "redis_directive",
            at("8101", &["--maxmemroy", "1mb"]),
            well("8101", "127.83.79.2:8101"),
            &["maxmemroy|Bad directive"],
        ),
        program(
            "redis_folder",
            at("8102", &["--dir", "/var/lib/shop"]),
            well("8102", "127.83.79.2:8102"),
            &["/var/lib/shop", "no such file|ENOENT"],
        ),
        program(
            "redis_users",
            at("8104", &["--aclfile", "/users.acl"]).file("/users.acl", "user app on >secret +@reed ~*\n"),
            well("8104", "127.83.79.2:8104"),
            &["/users.acl", "@reed"],
        )
        .not(&["maximum open files"]),
        program(
            "redis_port",
            fails(with("127.83.78.6", "8080", "127.83.78.6:8080", &[])),
            well("8103", "127.83.79.2:8103"),
            &["127.83.78.6:8080", "in use|EADDRINUSE"],
        ),
    ]
}

fn mosquitto() -> Vec<Program> {
    let with = |address: &'static str, more: &str| {
        let (host, port) = address.split_once(':').unwrap_or_default();
        let text = format!("listener {port} {host}\nallow_anonymous true\n{more}\n");
        server(&["/usr/sbin/mosquitto", "-c", "/mosquitto.conf"], address).file("/mosquitto.conf", &text)
    };
    vec![
        program(
            "mosquitto_directive",
            fails(with("127.83.79.3:8101", "max_conections 5")),
            with("127.83.79.3:8101", ""),
            &["max_conections|Unknown configuration variable"],
        ),
        program(
            "mosquitto_passwords",
            fails(with("127.83.79.3:8102", "password_file /etc/app/passwords")),
            with("127.83.79.3:8102", "password_file /etc/app/passwords").file("/etc/app/passwords", ""),
            &["/etc/app/passwords"],
        ),
        program(
            "mosquitto_port",
            fails(with("127.83.78.6:1883", "")),
            with("127.83.79.3:8103", ""),
            &["127.83.78.6:1883|address already in use", "in use|EADDRINUSE"],
        ),
    ]
}

fn haproxy() -> Vec<Program> {
    let of = |address: &'static str, backend: &str, more: &str, at: &str| {
        let text = format!(
            "defaults\n mode http\n timeout connect 1s\n timeout client 1s\n timeout server 1s\nfrontend f\n bind {address} {more}\n default_backend {backend}\nbackend b\n server s {at}\n"
        );
        server(&["/usr/sbin/haproxy", "-db", "-f", "/haproxy.cfg"], address).file("/haproxy.cfg", &text)
    };
    let with = |address, backend: &str, more: &str| of(address, backend, more, "127.83.78.5:9003");
    // As process 1 it is slow to end: the twins check their configuration, and serve nothing.
    let checks = |setup: Setup| fails(setup).limited(|spec| spec.args.insert(1, "-c".to_owned()));
    let well = |address| checks(with(address, "b", ""));
    vec![
        program(
            "haproxy_backend",
            fails(with("127.83.79.4:8101", "shop", "")),
            well("127.83.79.4:8101"),
            &["shop|unable to find required default_backend"],
        ),
        program(
            "haproxy_certificate",
            fails(with("127.83.79.4:8102", "b", "ssl crt /etc/app/tls.pem")),
            well("127.83.79.4:8102"),
            &["/etc/app/tls.pem"],
        ),
        program(
            "haproxy_checks",
            of(GATEWAY, "b", "", "127.83.78.5:9 check inter 500ms").life(Life::Stands),
            well(GATEWAY),
            &["GET /cart", "HTTP 503", "127.83.78.5:9", "refused"],
        ),
        program(
            "haproxy_port",
            fails(with("127.83.78.6:8080", "b", "")),
            well("127.83.79.4:8103"),
            &["127.83.78.6:8080", "in use|EADDRINUSE"],
        ),
    ]
}

fn memcached() -> Vec<Program> {
    let with = |bind: &str, port: &str, address: &'static str, more: &[&str]| {
        server(&[&["/usr/bin/memcached", "-l", bind, "-p", port, "-t", "1"], more].concat(), address)
    };
    let well = |port: &str, address| with("127.83.79.5", port, address, &[]);
    vec![
        program(
            "memcached_memory",
            fails(with("127.83.79.5", "8101", "127.83.79.5:8101", &["-I", "3g"])),
            well("8101", "127.83.79.5:8101"),
            &["item size|item max"],
        ),
        program(
            "memcached_option",
            fails(with("127.83.79.5", "8102", "127.83.79.5:8102", &["-o", "hash_algorith=md5"])),
            well("8102", "127.83.79.5:8102"),
            &["Illegal suboption|hash_algorith"],
        ),
        program(
            "memcached_port",
            fails(with("127.83.78.6", "8080", "127.83.78.6:8080", &[])),
            well("8103", "127.83.79.5:8103"),
            &["127.83.78.6:8080|failed to listen on TCP port 8080", "in use|EADDRINUSE"],
        ),
    ]
}

fn lighttpd() -> Vec<Program> {
    let with = |address: &'static str, root: &str, more: &str| {
        let (host, port) = address.split_once(':').unwrap_or_default();
        let text =
            format!("server.document-root = \"{root}\"\nserver.bind = \"{host}\"\nserver.port = {port}\n{more}\n");
        server(&["/usr/sbin/lighttpd", "-D", "-f", "/lighttpd.conf"], address).file("/lighttpd.conf", &text)
    };
    vec![
        program(
            "lighttpd_syntax",
            fails(with("127.83.79.6:8101", "/tmp", "server.tag = ")),
            with("127.83.79.6:8101", "/tmp", ""),
            &["parser failed|configfile"],
        ),
        program(
            "lighttpd_log",
            fails(with("127.83.79.6:8102", "/tmp", "server.errorlog = \"/var/log/shop/error.log\"")),
            with("127.83.79.6:8102", "/tmp", ""),
            &["/var/log/shop/error.log"],
        ),
        program(
            "lighttpd_port",
            fails(with("127.83.78.6:8080", "/tmp", "")),
            with("127.83.79.6:8103", "/tmp", ""),
            &["127.83.78.6:8080", "in use|EADDRINUSE"],
        ),
    ]
}
