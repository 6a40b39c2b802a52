//! Compiling what the corpus is made of, once for each content of a source.

use crate::program::Source;
use anyhow::{Context as _, Result};
use rewind_tests::programs;
use rewind_tests::workload::{self, WORKLOADS};
use std::collections::hash_map::{Entry, HashMap};
use std::fs;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, PoisonError};

/// Without a module, and without C: beside that, Go does not see that all goroutines wait.
const GO: &[&str] = &["env", "GO111MODULE=off", "CGO_ENABLED=0", "go", "build", "-o"];

static BUILT: Mutex<Option<HashMap<Source, PathBuf>>> = Mutex::new(None);

/// What stands before a program's own arguments.
pub(crate) fn words(source: Source) -> Result<Vec<String>> {
    let mut built = BUILT.lock().unwrap_or_else(PoisonError::into_inner);
    let built = built.get_or_insert_default();
    let program = match built.entry(source) {
        Entry::Occupied(built) => built.into_mut(),
        Entry::Vacant(free) => free.insert(compiled(source)?),
    };
    let inside = Path::new(WORKLOADS).join(program.strip_prefix(workload::cache()?).unwrap_or(program));
    if source != Source::Java {
        return Ok(vec![inside.to_string_lossy().into_owned()]);
    }
    let java = fs::canonicalize(programs::find("java").context("java is not installed")?)?;
    let folder = inside.parent().unwrap_or(&inside).to_string_lossy().into_owned();
    Ok([&java.to_string_lossy(), "-Xmx64m", "-cp", &folder, "Corpus"].map(str::to_owned).to_vec())
}

fn compiled(source: Source) -> Result<PathBuf> {
    let (file, compiler, made): (_, &[&str], _) = match source {
        Source::C => ("corpus.c", &["gcc", "-O1", "-g", "-pthread", "-o"], "corpus"),
        Source::C32 => ("corpus.c", &["gcc", "-m32", "-O1", "-g", "-pthread", "-o"], "corpus"),
        Source::Musl => ("corpus.c", &["musl-gcc", "-static", "-O1", "-g", "-o"], "corpus"),
        Source::Go => ("corpus.go", GO, "corpus"),
        Source::Rust => ("corpus.rs", &["rustc", "--edition=2024", "-o"], "corpus"),
        Source::Java => ("Corpus.java", &["javac", "-d"], "Corpus.class"),
    };
    let text = programs::work_tree().join("tests/corpus/sources").join(file);
    let mut hasher = DefaultHasher::new();
    (fs::read(&text).with_context(|| text.display().to_string())?, compiler).hash(&mut hasher);
    let folder = workload::cache()?.join(format!("{:016x}", hasher.finish()));
    let program = folder.join(made);
    if program.is_file() {
        return Ok(program);
    }
    fs::create_dir_all(&folder)?;
    let (first, arguments) = compiler.split_first().context("a compiler")?;
    let output = if source == Source::Java { &folder } else { &program };
    let mut command = Command::new(programs::find(first).with_context(|| format!("{first} is not installed"))?);
    command.args(arguments).arg(output).arg(&text).current_dir(&folder);
    programs::run(&mut command)?.success()?;
    Ok(program)
}
