//! Scenes: the records of a container, step by step.

#![allow(clippy::unwrap_used, missing_docs)]

use crate::{Diagnosis, diagnose};
use rewind_common::call::part;
use rewind_common::record::SocketMessage;
use rewind_recording::event::build::{self, CallBuilder};
use rewind_recording::exit_status::ExitStatus;
use rewind_recording::header::{Container, Header, Host};
use rewind_recording::render::Options;

pub const MS: u64 = 1_000_000;
pub const S: u64 = 1_000 * MS;

/// Records in the making; each step takes a millisecond.
pub struct Scene {
    pub records: Vec<u8>,
    pub now: u64,
    pub main: u32,
}

impl Scene {
    /// Process 700 runs `command`.
    pub fn of(command: &str) -> Self {
        let mut scene = Self { records: Vec::new(), now: 10 * S, main: 700 };
        let comm = command.split(' ').next().unwrap();
        build::task(&mut scene.records, scene.now, (700, 700), (1, 1), comm);
        scene.exec(700, command);
        scene
    }

    pub fn call(&mut self, tid: u32, nr: u16) -> CallBuilder<&mut Vec<u8>> {
        self.now += MS;
        build::call(&mut self.records, tid, nr).at(self.now, 1_000)
    }

    pub fn later(&mut self, ns: u64) {
        self.now += ns;
    }

    pub fn exec(&mut self, tid: u32, command: &str) {
        let argv: Vec<u8> = command.split(' ').flat_map(|word| [word.as_bytes(), &[0]].concat()).collect();
        let comm = command.split(' ').next().unwrap();
        let call = self.call(tid, 59).string(&format!("/usr/bin/{comm}")).arg(0x7000).arg(0x8000);
        call.blob(1, part::STRINGS, 0, &argv).result(0).end();
    }

    /// Process 700 runs `command` with an environment of so many bytes.
    pub fn given(command: &str, env_bytes: Option<u32>) -> Self {
        let mut scene = Self { records: Vec::new(), now: 10 * S, main: 700 };
        build::task(&mut scene.records, scene.now, (700, 700), (1, 1), command);
        scene.exec_given(700, command, env_bytes);
        scene
    }

    /// With the event of the exec, as the kernel side writes it.
    pub fn exec_given(&mut self, tid: u32, command: &str, env_bytes: Option<u32>) {
        self.exec(tid, command);
        build::exec_with(&mut self.records, self.now + 500, (tid, tid), command, &[command], env_bytes);
    }

    pub fn child(&mut self, tgid: u32, parent: u32, command: &str) {
        self.now += MS;
        build::child(&mut self.records, self.now, tgid, parent, command.split(' ').next().unwrap());
        self.exec(tgid, command);
    }

    /// A child of 700 that says something on its standard error, and exits with `code`.
    pub fn child_says(&mut self, command: &str, text: &str, code: u32) {
        self.child(701, 700, command);
        self.main = 701;
        self.say(2, text);
        self.exit(701, code << 8);
    }

    pub fn open(&mut self, path: &str, result: i64) {
        let main = self.main;
        self.call(main, 257).arg(0xffff_ff9c).string(path).arg(0).arg(0).result(result).end();
    }

    pub fn access(&mut self, path: &str, result: i64) {
        let main = self.main;
        self.call(main, 21).string(path).arg(4).result(result).end();
    }

    pub fn connect(&mut self, address: [u8; 4], port: u16, result: i64) {
        let main = self.main;
        let mut sockaddr = [0_u8; 16];
        sockaddr[0] = 2;
        sockaddr[2..4].copy_from_slice(&port.to_be_bytes());
        sockaddr[4..8].copy_from_slice(&address);
        self.call(main, 42).arg(3).pointed(&sockaddr).arg(16).result(result).end();
    }

    pub fn say(&mut self, fd: u64, text: &str) {
        let main = self.main;
        let len = text.len() as u64;
        self.call(main, 1).arg(fd).pointed(text.as_bytes()).arg(len).result(len as i64).end();
    }

    /// What a socket carried, between two ports of 127.0.0.1, at a place of its stream.
    pub fn message(&mut self, [local_port, peer_port]: [u16; 2], flags: u8, position: &mut u32, bytes: &[u8]) {
        self.now += 1_000;
        let (time_ns, total) = (self.now, bytes.len() as u32);
        let message = SocketMessage {
            time_ns,
            since_ns: time_ns,
            local_port,
            peer_port,
            position: *position,
            total,
            ..SocketMessage::default()
        };
        *position += total;
        build::socket_message(&mut self.records, (self.main, 700), flags, message, bytes);
    }

    pub fn exit(&mut self, tgid: u32, status: u32) {
        if let Some(code) = ExitStatus::new(status).code() {
            self.call(tgid, 231).flags(1 << 4).arg(code.into()).end();
        }
        self.now += MS;
        build::exit(&mut self.records, self.now, (tgid, tgid), status, true);
    }

    pub fn signal(&mut self, signal: u32, code: i32, union: [u32; 2]) {
        self.now += MS;
        let mut siginfo = [0; 12];
        (siginfo[0], siginfo[2], siginfo[4], siginfo[5]) = (signal, code.cast_unsigned(), union[0], union[1]);
        build::signal(&mut self.records, self.now, self.main, siginfo);
    }

    pub fn header(&self) -> Header {
        let host = Host { arch: "x86_64".into(), ..Host::default() };
        let container = Container { id: "web".into(), runtime: "docker".into(), ..Container::default() };
        let mut header =
            Header { format: 1, host, container, born_ns: 10 * S, read_ns: self.now + S, ..Header::default() };
        (header.coverage.oldest_ns, header.coverage.newest_ns) = (10 * S, self.now);
        header
    }

    pub fn why(&self) -> Diagnosis {
        diagnose(&self.header(), &rewind_recording::event::sorted(&self.records), &Options::default())
    }

    pub fn answer(&self) -> String {
        self.why().answer
    }
}

/// Scenario 2, with all that a Python program does around it.
pub fn denied() -> Scene {
    let mut scene = Scene::of("python3 app.py");
    scene.access("/etc/ld.so.preload", -2);
    scene.open("/usr/lib/locale/C.UTF-8/LC_CTYPE", -2);
    scene.open("/opt/missing-but-optional.conf", -2);
    scene.later(5 * S);
    scene.open("/etc/passwd", -13);
    scene.say(2, "Traceback (most recent call last):\n");
    scene.open("<string>", -2);
    scene.open("/usr/lib/python3.11/app.py", -2);
    scene.say(2, "PermissionError: [Errno 13] Permission denied: '/etc/passwd'\n");
    scene.exit(700, 1 << 8);
    scene
}
