//! Each law, broken by the smallest crate that breaks it.

use super::exceptions::Exception;
use super::source::Crate;
use super::{STARTERS, breaches};
use anyhow::Result;
use std::collections::BTreeSet;
use std::path::Path;

const ORDERED: &str = "//! # Modules, in the order of the flow\n//!\n//! | module | what |\n//! |---|---|\n\
                       //! | [`early`] | .. |\n//! | [`late`], [`mod@last`] | .. |\nmod early;\nmod last;\nmod late;\n";

/// A crate of these files.
struct Fixture(tempfile::TempDir);

impl Fixture {
    fn new(files: &[(&str, &str)]) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        for (name, text) in files {
            let file = folder.path().join(name);
            std::fs::create_dir_all(file.parent().unwrap_or(folder.path()))?;
            std::fs::write(file, text)?;
        }
        Ok(Self(folder))
    }

    fn breaches(&self) -> Result<Vec<String>> {
        let starters: Option<&[&str]> = self.0.path().join("pipeline.rs").is_file().then_some(&["pipeline.rs"]);
        Ok(breaches(&self.read()?, starters, &[], &mut BTreeSet::new()))
    }

    fn read(&self) -> Result<Crate> {
        Crate::read(self.0.path(), Path::new("lib.rs"))
    }
}

fn broken(files: &[(&str, &str)]) -> Result<Vec<String>> {
    Fixture::new(files)?.breaches()
}

fn ordered(early: &str, late: &str) -> Result<Vec<String>> {
    broken(&[("lib.rs", ORDERED), ("early.rs", early), ("late.rs", late), ("last.rs", "")])
}

#[test]
fn a_module_may_use_those_before_it() -> Result<()> {
    assert_eq!(ordered("pub struct One;", "use crate::early::One; pub fn f(_: One) {}")?, [""; 0]);
    Ok(())
}

#[test]
fn a_module_that_uses_one_after_it_breaks_the_order() -> Result<()> {
    let told = "early.rs:1 uses late.rs (Two): `early` stands before `late` in lib.rs";
    let late = "pub struct Two;";
    for early in [
        "use crate::late::Two;",
        "use super::late::{Two};",
        "pub use crate::late::Two;",
        "fn f(_: crate::late::Two) {}",
        "use crate::late; fn f(_: late::Two) {}",
        "use crate::late as other; fn f() -> Vec<other::Two> { Vec::new() }",
        "fn f() { assert!(matches!(g(), Some(crate::late::Two))) }",
        "mod within { fn f(_: super::super::late::Two) {} }",
    ] {
        assert_eq!(ordered(early, late)?, [told], "{early}");
    }
    Ok(())
}

#[test]
fn what_a_parent_hands_on_is_its_childs() -> Result<()> {
    let root = format!("{ORDERED}pub use late::Two;\n");
    let files =
        |early| [("lib.rs", root.as_str()), ("early.rs", early), ("late.rs", "pub struct Two;"), ("last.rs", "")];
    assert_eq!(broken(&files(""))?, [""; 0]);
    let told = "early.rs:1 uses late.rs (Two): `early` stands before `late` in lib.rs";
    assert_eq!(broken(&files("use crate::Two;"))?, [told]);
    assert_eq!(broken(&files("use super::*; fn f(_: Two) {}"))?.first().map(String::as_str), Some(told));
    Ok(())
}

#[test]
fn tests_may_use_what_they_like() -> Result<()> {
    let early = "#[cfg(test)] mod tests { use crate::late::Two; }\n#[cfg(test)] use crate::late::Two;\n\
                 #[test] fn t() { crate::late::f(); std::thread::spawn(|| ()); }\n\
                 struct One; impl One { #[cfg(test)] fn t() { crate::late::f(); } }";
    assert_eq!(ordered(early, "use crate::early::One;")?, [""; 0]);
    Ok(())
}

#[test]
fn every_module_has_a_place_in_a_declared_order() -> Result<()> {
    let root = ORDERED.replace("[`late`], ", "");
    let files = [("lib.rs", root.as_str()), ("early.rs", ""), ("late.rs", ""), ("last.rs", "")];
    assert_eq!(broken(&files)?, ["lib.rs: `late` has no place in the table of modules in the order of the flow"]);
    Ok(())
}

#[test]
fn an_order_holds_between_the_children_of_a_module_too() -> Result<()> {
    let inner = ORDERED.replace("[`mod@last`]", "[`last`]");
    let files = [
        ("lib.rs", "mod inner;"),
        ("inner/mod.rs", inner.as_str()),
        ("inner/early.rs", "use super::last::deep::Three;"),
        ("inner/late.rs", ""),
        ("inner/last.rs", "pub mod deep;"),
        ("inner/last/deep.rs", "pub struct Three;"),
    ];
    let told = "inner/early.rs:1 uses inner/last/deep.rs (Three): `early` stands before `last` in inner/mod.rs";
    assert_eq!(broken(&files)?, [told]);
    Ok(())
}

#[test]
fn a_circle_of_files_is_told_with_what_closes_it() -> Result<()> {
    let a = "use crate::b::B;\npub struct A(B);";
    let c = "\npub fn c() { super::a::f() }";
    let files =
        [("lib.rs", "mod a; mod b; mod c;"), ("a.rs", a), ("b.rs", "use super::c::c; pub struct B;"), ("c.rs", c)];
    let told = "a circle of 3 files:\n    a.rs:1 uses b.rs (B)\n    b.rs:1 uses c.rs (c)\n    c.rs:2 uses a.rs (f)";
    assert_eq!(broken(&files)?, [told]);
    assert_eq!(broken(&[("lib.rs", "mod a; mod b;"), ("a.rs", a), ("b.rs", "pub struct B;")])?, [""; 0]);
    Ok(())
}

#[test]
fn a_circle_through_what_a_module_hands_on_is_one() -> Result<()> {
    let record = |events| ("record.rs", format!("mod call; pub use call::Call;{events}"));
    let events = "use crate::record::Call; pub struct Record(Call);";
    let of = |(name, record): (_, String)| {
        let files = [("lib.rs", "mod record; mod events;"), (name, &record), ("events.rs", events)];
        broken(&[files.as_slice(), &[("record/call.rs", "pub struct Call;")]].concat())
    };
    let told = "a circle of 2 files:\n    record.rs:1 uses events.rs (Record)\n    events.rs:1 uses record.rs (Call)";
    assert_eq!(of(record(" pub use crate::events::Record;"))?, [told]);
    assert_eq!(of(record(""))?, [""; 0]);
    Ok(())
}

#[test]
fn a_module_and_its_children_are_no_circle() -> Result<()> {
    let parent = ("a.rs", "mod b; mod c; pub struct Kind(b::B, c::C);");
    let child = ("a/b.rs", "use super::Kind; pub struct B(Kind);");
    assert_eq!(broken(&[("lib.rs", "mod a;"), parent, child, ("a/c.rs", "pub struct C(super::Kind);")])?, [""; 0]);
    let inline = ("a.rs", "mod b; mod c; mod bits { pub const BIT: u8 = 1; } struct Kind(b::B);");
    let bit = ("a/b.rs", "pub struct B; pub fn f() -> u8 { super::bits::BIT }");
    assert_eq!(broken(&[("lib.rs", "mod a;"), inline, bit, ("a/c.rs", "")])?, [""; 0]);
    let siblings = broken(&[("lib.rs", "mod a;"), parent, child, ("a/c.rs", "use super::b::B; pub struct C(B);")])?;
    assert_eq!(siblings, [""; 0]);
    Ok(())
}

#[test]
fn a_circle_through_a_parent_is_one() -> Result<()> {
    // The neighbour uses the parent, which uses its child, which uses the neighbour.
    let down = [
        ("lib.rs", "mod a; mod x;"),
        ("a.rs", "mod b; pub fn f() { b::g() }"),
        ("a/b.rs", "pub fn g() { crate::x::h() }"),
        ("x.rs", "pub fn h() { crate::a::f() }"),
    ];
    let told = "a circle of 3 files:\n    a.rs:1 uses a/b.rs (g)\n    a/b.rs:1 uses x.rs (h)\n    x.rs:1 uses a.rs (f)";
    assert_eq!(broken(&down)?, [told]);
    // The neighbour uses the child, which uses its parent, which uses the neighbour.
    let up = [
        ("lib.rs", "mod a; mod x;"),
        ("a.rs", "pub mod b; pub fn f() { crate::x::h() }"),
        ("a/b.rs", "pub fn g() { super::f() }"),
        ("x.rs", "pub fn h() { crate::a::b::g() }"),
    ];
    assert_eq!(broken(&up)?.len(), 1);
    Ok(())
}

#[test]
fn only_the_pipeline_starts_tasks_and_makes_channels() -> Result<()> {
    let root = "mod pipeline; mod other;";
    for start in [
        "async fn f() { tokio::spawn(async {}); }",
        "use tokio::task; async fn f() { let _ = task::spawn_blocking(|| ()).await; }",
        "use tokio::task::spawn_local as go;",
        "fn f() { let (send, receive) = tokio::sync::mpsc::channel::<u8>(1); }",
        "use tokio::sync::watch; fn f() { let both = watch::channel(1); }",
        "use std::sync::mpsc::{Receiver, sync_channel};",
        "fn f() { std::thread::spawn(|| ()); }",
        "use std::thread::Builder; fn f() { Builder::new().spawn(|| ()); }",
        "use tokio::task::JoinSet; fn f() { let set: JoinSet<()> = JoinSet::new(); }",
        "fn f(runtime: &tokio::runtime::Handle) { runtime.spawn_blocking(|| ()); }",
        "fn f() { vec![tokio::spawn(async {})]; }",
    ] {
        let told = broken(&[("lib.rs", root), ("pipeline.rs", ""), ("other.rs", start)])?;
        assert!(told.iter().any(|told| told.starts_with("other.rs:1: `")), "{start}: {told:?}");
        assert_eq!(broken(&[("lib.rs", root), ("pipeline.rs", start), ("other.rs", "")])?, [""; 0], "{start}");
    }
    let idle = "pipeline.rs starts nothing: strike it from those who may";
    let free = "use tokio::sync::mpsc::{self, Receiver}; fn f(_: mpsc::Sender<u8>) { std::process::Command::new(\"a\").spawn(); }";
    assert_eq!(broken(&[("lib.rs", root), ("pipeline.rs", ""), ("other.rs", free)])?, [idle]);
    Ok(())
}

#[test]
fn an_exception_is_needed_or_told() -> Result<()> {
    let allowed = [Exception { from: "early.rs", to: "late.rs", why: "of this test" }];
    let of = |early| -> Result<(Vec<String>, usize)> {
        let files = [("lib.rs", ORDERED), ("early.rs", early), ("late.rs", "pub struct Two;"), ("last.rs", "")];
        let mut needed = BTreeSet::new();
        let broken = breaches(&Fixture::new(&files)?.read()?, None, &allowed, &mut needed);
        Ok((broken, needed.len()))
    };
    assert_eq!(of("use crate::late::Two;")?, (Vec::new(), 1));
    assert_eq!(of("")?, (Vec::new(), 0));
    assert_eq!(of("use crate::last::f;")?.0.len(), 1);
    Ok(())
}

#[test]
fn those_who_may_start_tasks_are_there() {
    let files = STARTERS.iter().flat_map(|(root, files)| files.iter().chain([root]));
    for file in files {
        assert!(rewind_tests::programs::work_tree().join(file).is_file(), "{file}");
    }
}
