//! A container whose program never ran: its runtime failed at a step of setting it up, and ended.

use crate::calls::{self, bits};
use crate::facts::{Facts, Setup, Step, Subject};
use crate::finding::{Finding, Relation};
use crate::groups::Group;
use crate::meaning::{self, Meaning};
use crate::weight::{KILLED_IN_SETUP, NEVER_BEGAN};
use rewind_recording::decode::errno_text;

/// Bits of a mode that let somebody execute the file.
const EXECUTABLE: u32 = 0o111;

pub(super) fn rule(facts: &Facts<'_>, _: &[Group]) -> Vec<Finding> {
    let Some((tgid, process)) = facts.never_began() else { return Vec::new() };
    let runtime = process.runtime();
    let nothing = Setup::default();
    let setup = facts.setups.get(&tgid).unwrap_or(&nothing);
    let end = process.end.map(|end| end.index);
    let failed = setup.last.as_ref().filter(|step| step.failed || is_not_executable(setup, step));
    // Who was killed meanwhile need not have failed.
    let killed = facts.end().is_some_and(|end| end.signal.is_some());
    let (weight, relation) =
        if killed && failed.is_none() { (KILLED_IN_SETUP, Relation::Beside) } else { (NEVER_BEGAN, Relation::Whole) };
    let text = match (failed, &setup.last) {
        (Some(step), _) => format!("{runtime} {}", words(facts, setup, step)),
        (None, _) if killed => format!("{runtime} was still setting it up"),
        (None, Some(step)) => {
            let what = step.call.subject.text().map_or_else(String::new, |what| format!(" of {what}"));
            format!("{runtime} gave up, and no call tells why; the last before that was {}{what}", step.call.name)
        }
        (None, None) => format!("{runtime} gave up, and no call tells why"),
    };
    let text = format!("its program never ran: {text}");
    let evidence = setup.last.iter().map(|step| step.call.index).chain(end);
    vec![Finding { relation, ..Finding::new("setup", weight, text, evidence) }]
}

/// Whether it looked at the program last, and saw that nobody may execute it.
fn is_not_executable(setup: &Setup, step: &Step) -> bool {
    setup.is_ready() && step.owner.is_some_and(|owner| owner.mode & EXECUTABLE == 0)
}

/// "could not execute /bin/nope, which does not exist (ENOENT)".
fn words(facts: &Facts<'_>, setup: &Setup, step: &Step) -> String {
    let call = &step.call;
    let name = &*call.name;
    let what = call.subject.text().unwrap_or_default();
    let because = because(call.errno);
    // The last that a runtime does is to look for the program, and to run it.
    if calls::has(name, bits::RUNS) || setup.is_ready() && calls::has(name, bits::ASKS) {
        return execute(facts, setup, step);
    }
    match attempt(setup, step) {
        Some(attempt) => format!("could not {attempt}: {because}"),
        None if what.is_empty() => format!("failed in {name}: {because}"),
        None => format!("failed in {name} of {what}: {because}"),
    }
}

/// "mount /srv/config on /etc/app".
fn attempt(setup: &Setup, step: &Step) -> Option<String> {
    let name = &*step.call.name;
    let what = step.call.subject.text().unwrap_or_default();
    let is = |bits| calls::has(name, bits);
    Some(if is(bits::MOUNTS) {
        match &step.target {
            Some(target) if what.is_empty() || what == target => format!("mount {target}"),
            Some(target) => format!("mount {what} on {target}"),
            None => format!("mount {what}"),
        }
    } else if is(bits::CHANGES_ROOT) {
        let root = if matches!(what, "." | "") { "container's root".to_owned() } else { format!("root {what}") };
        format!("change to the {root} ({name})")
    } else if is(bits::CHANGES_DIRECTORY) {
        let which = if setup.is_inside { "its working directory " } else { "" };
        format!("enter {which}{what}")
    } else if is(bits::MAKES_ENTRY) {
        format!("make {what}")
    } else if is(bits::ASKS) {
        let when = if setup.is_inside { "" } else { " while it set up the file systems" };
        format!("find {what}{when}")
    } else if is(bits::OPENS) {
        format!("open {what}")
    } else if is(bits::SENDS) && !is(bits::NETWORK) && !what.is_empty() {
        format!("write to {what}")
    } else {
        return None;
    })
}

/// Of the program: it was looked for, or run.
fn execute(facts: &Facts<'_>, setup: &Setup, step: &Step) -> String {
    let call = &step.call;
    let Subject::Path(path) = &call.subject else {
        return format!("could not execute its program: {}", because(call.errno));
    };
    let user = facts.user(call.tgid).map_or_else(String::new, |user| format!(" as user {user}"));
    if !step.failed {
        let mode = step.owner.map_or(0, |owner| owner.mode);
        return format!("could not execute {path}, whose mode {mode:04o} lets nobody execute it");
    }
    if let (false, Some((_, name))) = (setup.tried.is_empty(), path.rsplit_once('/')) {
        let paths = setup.tried.iter().chain([path]);
        let places: Vec<_> = paths.filter_map(|path| path.rsplit_once('/')).map(|(place, _)| place).collect();
        return format!("could not find the program {name} in {} (ENOENT)", places.join(", "));
    }
    match call.meaning() {
        Meaning::Missing if call.is_absent() && setup.found.contains(path) => {
            format!("could not execute {path}, whose interpreter or loader does not exist (ENOENT)")
        }
        Meaning::Missing if call.is_absent() => format!("could not execute {path}, which does not exist (ENOENT)"),
        _ => format!("could not execute {path}{user}: {}", because(call.errno)),
    }
}

/// "permission denied (EACCES)".
fn because(errno: u16) -> String {
    let name = meaning::name(errno);
    errno_text(errno).map_or_else(|| name.to_string(), |text| format!("{} ({name})", text.to_lowercase()))
}

#[cfg(test)]
mod tests {
    use crate::scene::{S, Scene};
    use rewind_common::call::part;
    use rewind_recording::event::build;

    #[test]
    fn what_the_runtime_fails_to_do_is_none_of_the_containers_affairs() {
        let mut scene = Scene { records: Vec::new(), now: 10 * S, main: 700 };
        build::task(&mut scene.records, scene.now, (690, 690), (690, 690), "runc:[1:CHILD]");
        scene.exit(690, 0);
        build::task(&mut scene.records, scene.now, (700, 700), (1, 1), "runc:[2:INIT]");
        scene.open("/etc/group", -2);
        scene.connect([10, 0, 0, 7], 5432, -111);
        scene.exec(700, "app");
        build::task(&mut scene.records, scene.now, (700, 700), (1, 1), "app");
        scene.open("/etc/passwd", -13);
        scene.exit(700, 1 << 8);
        let why = scene.why();
        assert_eq!(why.answer, "It exited with 1 after openat of /etc/passwd was denied (EACCES).");
        assert_eq!((why.failed.len(), why.findings.len(), why.ran.len()), (1, 1, 1), "{why:?}");
    }

    #[test]
    fn the_runtime_is_known_before_it_says_so() {
        let mut scene = Scene { records: Vec::new(), now: 10 * S, main: 690 };
        build::task(&mut scene.records, scene.now, (690, 690), (690, 690), "runc");
        scene.call(690, 72).arg(3).arg(1033).arg(0).result(-22).end();
        let argv = b"/usr/sbin/runc\0init\0";
        scene.call(690, 59).string("/proc/self/exe").arg(0x7000).arg(0).blob(1, part::STRINGS, 0, argv).result(0).end();
        scene.open("/opt/nothing", -13);
        scene.exit(690, 0);
        scene.main = 700;
        build::task(&mut scene.records, scene.now, (700, 700), (1, 1), "app");
        scene.exec(700, "app");
        let why = scene.why();
        assert_eq!(why.answer, "It is running: nothing unusual found.");
        assert!(why.failed.is_empty() && why.ran.iter().all(|ran| ran.command == "app"), "{why:?}");
    }

    #[test]
    fn an_entry_point_that_is_not_there_is_the_containers_affair() {
        let mut scene = Scene { records: Vec::new(), now: 10 * S, main: 700 };
        build::task(&mut scene.records, scene.now, (700, 700), (1, 1), "runc:[2:INIT]");
        scene.call(700, 59).string("/app/server").arg(0x7000).arg(0x8000).result(-2).end();
        scene.exit(700, 1 << 8);
        let answer = "Its program never ran: runc could not execute /app/server, which does not exist (ENOENT).";
        assert_eq!(scene.answer(), answer);
    }

    /// `runc init` is about to set a container up, as process 700.
    fn runtime(comm: &str) -> Scene {
        let mut scene = Scene { records: Vec::new(), now: 10 * S, main: 700 };
        build::task(&mut scene.records, scene.now, (700, 700), (1, 1), comm);
        scene.open("/etc/group", -2);
        scene
    }

    /// The same inside the container's root.
    fn inside() -> Scene {
        let mut scene = runtime("runc:[2:INIT]");
        scene.call(700, PIVOT_ROOT).string(".").string(".").result(0).end();
        scene.call(700, SETUID).arg(65534).result(0).end();
        scene.call(700, CHDIR).string("/").result(0).end();
        scene
    }

    /// `crun` is about to look for the program, which it does before it becomes the container's user.
    fn crun(comm: &str) -> Scene {
        let mut scene = runtime(comm);
        scene.call(700, PIVOT_ROOT).string(".").string(".").result(0).end();
        scene.open("/etc/passwd", -2);
        scene.call(700, CHDIR).string("/").result(0).end();
        scene
    }

    /// It complains to its parent, and ends.
    fn told(mut scene: Scene) -> String {
        scene.call(700, RT_SIGRETURN).result(-2).end();
        scene.call(700, EPOLL_CTL).arg(4).arg(1).arg(3).arg(0).result(-1).end();
        scene.say(3, "{\"stage\":1}");
        scene.exit(700, 1 << 8);
        let why = scene.why();
        assert_eq!(why.findings[0].rule, "setup");
        why.answer.strip_prefix("Its program never ran: ").unwrap().to_owned()
    }

    fn look(scene: &mut Scene, path: &str, result: i64, mode: u16) {
        let mut stat = [0_u8; 32];
        stat[..2].copy_from_slice(&(0o100_000 | mode).to_le_bytes());
        let call = scene.call(700, NEWFSTATAT).arg(0xffff_ff9c).string(path);
        call.pointed(&stat).arg(0).result(result).end();
    }

    fn execve(scene: &mut Scene, path: &str, result: i64) {
        scene.call(700, EXECVE).string(path).arg(0x7000).arg(0x8000).result(result).end();
    }

    const PIVOT_ROOT: u16 = 155;
    const SETUID: u16 = 105;
    const CHDIR: u16 = 80;
    const EPOLL_CTL: u16 = 233;
    const RT_SIGRETURN: u16 = 15;
    const NEWFSTATAT: u16 = 262;
    const EXECVE: u16 = 59;
    const MOUNT: u16 = 165;
    const MKDIRAT: u16 = 258;
    const MKNODAT: u16 = 259;
    const MOVE_MOUNT: u16 = 429;

    #[test]
    fn a_program_that_is_not_there_is_named() {
        let mut scene = inside();
        look(&mut scene, "/bin/nope", -2, 0);
        assert_eq!(told(scene), "runc could not execute /bin/nope, which does not exist (ENOENT).");
        let mut scene = inside();
        for dir in ["/usr/bin", "/bin"] {
            look(&mut scene, &format!("{dir}/nope"), -2, 0);
        }
        assert_eq!(told(scene), "runc could not find the program nope in /usr/bin, /bin (ENOENT).");
    }

    #[test]
    fn crun_names_the_program_as_well() {
        let mut scene = crun("crun");
        look(&mut scene, "/bin/nope", -2, 0);
        assert_eq!(told(scene), "crun could not execute /bin/nope, which does not exist (ENOENT).");
        let mut scene = crun("crun");
        for dir in ["/usr/bin", "/bin"] {
            look(&mut scene, &format!("{dir}/nope"), -2, 0);
        }
        assert_eq!(told(scene), "crun could not find the program nope in /usr/bin, /bin (ENOENT).");
    }

    #[test]
    fn a_runtime_whose_name_is_a_descriptor_is_known_by_having_run_nothing() {
        let mut scene = crun("3");
        look(&mut scene, "/bin/nope", -2, 0);
        assert_eq!(told(scene), "its runtime could not execute /bin/nope, which does not exist (ENOENT).");
        let mut scene = crun("3");
        scene.exec(700, "app");
        build::task(&mut scene.records, scene.now, (700, 700), (1, 1), "4");
        scene.open("/etc/app", -13);
        scene.exit(700, 1 << 8);
        assert_eq!(scene.answer(), "It exited with 1 after openat of /etc/app was denied (EACCES).");
    }

    #[test]
    fn a_program_whose_interpreter_is_not_there_is_told_from_one_that_is_missing() {
        let mut scene = inside();
        look(&mut scene, "/app/run", 0, 0o755);
        scene.open("/proc/self/fd/4", 5);
        execve(&mut scene, "/app/run", -2);
        let answer = "runc could not execute /app/run, whose interpreter or loader does not exist (ENOENT).";
        assert_eq!(told(scene), answer);
        let mut scene = inside();
        look(&mut scene, "/app/run", 0, 0o755);
        execve(&mut scene, "/app/run", -8);
        assert_eq!(told(scene), "runc could not execute /app/run as user 65534: exec format error (ENOEXEC).");
    }

    #[test]
    fn a_program_that_may_not_be_executed_is_named_with_the_reason() {
        let mut scene = inside();
        look(&mut scene, "/app/run", 0, 0o644);
        assert_eq!(told(scene), "runc could not execute /app/run, whose mode 0644 lets nobody execute it.");
        let mut scene = inside();
        look(&mut scene, "/app/run", 0, 0o700);
        execve(&mut scene, "/app/run", -13);
        assert_eq!(told(scene), "runc could not execute /app/run as user 65534: permission denied (EACCES).");
    }

    #[test]
    fn a_mount_that_failed_is_named_with_source_and_target() {
        let mut scene = runtime("runc:[2:INIT]");
        let root = "/run/web/rootfs/etc/passwd";
        scene.open(root, 7);
        let call = scene.call(700, MOUNT).string("/srv/config").string("/proc/self/fd/7");
        call.arg(0).arg(0x5000).arg(0).result(-20).end();
        let answer = format!("runc could not mount /srv/config on {root}: not a directory (ENOTDIR).");
        assert_eq!(told(scene), answer);
        let mut scene = runtime("runc:[2:INIT]");
        scene.open(root, 7);
        let call = scene.call(700, MOVE_MOUNT).arg(6).string("").arg(0xffff_ff9c).string("/proc/self/fd/7");
        call.arg(4).result(-2).end();
        assert_eq!(told(scene), format!("runc could not mount {root}: no such file or directory (ENOENT)."));
        let mut scene = runtime("runc:[2:INIT]");
        look(&mut scene, "/srv/nothing", -2, 0);
        let answer = "runc could not find /srv/nothing while it set up the file systems: no such file or directory \
                      (ENOENT).";
        assert_eq!(told(scene), answer);
    }

    #[test]
    fn other_steps_are_named_as_well() {
        let mut scene = runtime("crun");
        scene.call(700, MKDIRAT).arg(0xffff_ff9c).string("/run/web/rootfs/data").arg(0o755).result(-30).end();
        look(&mut scene, "/run/web/rootfs/data", -2, 0);
        assert_eq!(told(scene), "crun could not make /run/web/rootfs/data: read-only file system (EROFS).");
        let mut scene = runtime("crun");
        let node = "/run/web/rootfs/dev/fuse";
        scene.call(700, MKNODAT).arg(0xffff_ff9c).string(node).arg(0o20_666).arg(0xae5).result(-1).end();
        assert_eq!(told(scene), format!("crun could not make {node}: operation not permitted (EPERM)."));
        let mut scene = runtime("runc:[2:INIT]");
        scene.call(700, PIVOT_ROOT).string(".").string(".").result(-16).end();
        let answer = "runc could not change to the container's root (pivot_root): device or resource busy (EBUSY).";
        assert_eq!(told(scene), answer);
        let mut scene = inside();
        scene.call(700, CHDIR).string("/private").result(-13).end();
        assert_eq!(told(scene), "runc could not enter its working directory /private: permission denied (EACCES).");
    }

    #[test]
    fn what_no_call_tells_is_not_guessed() {
        let mut scene = runtime("runc:[2:INIT]");
        look(&mut scene, "/run/web/rootfs/etc/passwd", 0, 0o644);
        let answer = "runc gave up, and no call tells why; the last before that was newfstatat of \
                      /run/web/rootfs/etc/passwd.";
        assert_eq!(told(scene), answer);
    }

    #[test]
    fn a_file_that_it_only_looked_at_is_not_the_program() {
        let mut scene = runtime("runc:[2:INIT]");
        scene.call(700, PIVOT_ROOT).string(".").string(".").result(0).end();
        look(&mut scene, "/etc/passwd", 0, 0o644);
        assert!(told(scene).starts_with("runc gave up, and no call tells why; the last before that was newfstatat of"));
    }

    #[test]
    fn who_is_killed_before_it_began_has_not_failed() {
        let mut scene = inside();
        scene.exit(700, 9);
        let why = scene.why();
        assert!(why.answer.starts_with("It was killed by SIGKILL"), "{}", why.answer);
        assert_eq!(why.findings[1].text, "its program never ran: runc was still setting it up");
    }

    #[test]
    fn once_the_program_has_run_its_setup_is_forgotten() {
        let mut scene = inside();
        look(&mut scene, "/usr/bin/app", -2, 0);
        scene.exec(700, "app");
        build::task(&mut scene.records, scene.now, (700, 700), (1, 1), "app");
        scene.exit(700, 1 << 8);
        assert_eq!(scene.answer(), "It exited with 1; nothing unusual found before that.");
    }
}
