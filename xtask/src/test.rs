//! `cargo xtask test`: runs every test that this machine can run, and adds them up.

use crate::tally::Tally;
use crate::{
    build, build_ebpf, cluster, collector, command, corpus, debug, fuzz, image, manifests, mcp, perfetto, prometheus,
    resolved, setup,
};
use anyhow::Result;
use clap::{Args, ValueEnum};
use rewind_tests::cluster::place::Place;
use rewind_tests::programs::BIN_DIR;

/// What to test.
#[derive(Args)]
pub(crate) struct Test {
    /// Only this layer.
    #[arg(long, value_enum)]
    only: Option<Layer>,
}

/// A layer of tests, from cheap to dear.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Layer {
    /// No kernel, no container.
    Pure,
    /// The running kernel.
    Live,
    /// Real runc containers.
    Containers,
    /// Programs that go wrong, and what `why` says of them.
    Corpus,
    /// A real cluster.
    Cluster,
    /// Parsers, fed with anything.
    Fuzz,
}

impl Test {
    pub(crate) fn run(&self) -> Result<()> {
        // Tests of one package are built as of the whole workspace: another choice would be another set of features, for
        // which all that is below is compiled once more.
        let wanted = |layer| self.only.is_none_or(|only| only == layer);
        setup::for_build()?;
        let mut tally = Tally::default();
        if wanted(Layer::Pure) {
            let object = build_ebpf::run()?;
            let mut cargo = command::cargo();
            build::with_object(&mut cargo, &object).args([
                "test",
                "--workspace",
                "--exclude",
                "rewind-tests",
                "--no-fail-fast",
            ]);
            tally.cargo(&mut cargo)?;
            tally.cargo(command::cargo().args(["test", "--package", "rewind-tests", "--lib"]))?;
            let mut cargo = command::cargo();
            cargo.args(["test", "--workspace", "--test", "promtool"]);
            cargo.env("PATH", prometheus::before(std::env::var_os("PATH").unwrap_or_default()));
            tally.cargo(&mut cargo)?;
        }
        if wanted(Layer::Live) || wanted(Layer::Containers) {
            setup::for_demo()?;
            setup::for_tests()?;
            let programs = build::all(true)?;
            if wanted(Layer::Live) {
                debug::build()?;
            }
            for (layer, name) in [(Layer::Live, "live"), (Layer::Containers, "containers")] {
                if wanted(layer) {
                    let mut cargo = command::cargo();
                    cargo.args(["test", "--workspace", "--test", name]).env(BIN_DIR, &programs);
                    let path = match layer {
                        Layer::Containers => prometheus::before(mcp::before(perfetto::before(&collector::path()?))),
                        _ => resolved::before(std::env::var_os("PATH").unwrap_or_default()),
                    };
                    cargo.env("PATH", path);
                    tally.cargo(&mut cargo)?;
                }
            }
        }
        if wanted(Layer::Corpus) {
            corpus::layer(&mut tally, &[])?;
        }
        if wanted(Layer::Cluster) {
            on_cluster(&mut tally)?;
        }
        if wanted(Layer::Fuzz) {
            fuzz::run(&mut tally)?;
        }
        tally.say()
    }
}

/// In the cluster that is up; if none is, in one that goes when the tests have run.
fn on_cluster(tally: &mut Tally) -> Result<()> {
    let programs = build::all(true)?;
    tally.one("Helm makes of the chart what the base is", manifests::helm());
    let (archive, place) = (image::of_here()?, Place::of_machine()?);
    let found = match cluster::up(&place) {
        Ok(found) => found,
        Err(error) => {
            tally.one("the cluster comes up", Err(error));
            return Ok(());
        }
    };
    tally.one("the cluster takes the agent's image", rewind_tests::cluster::image::import(&place, &archive));
    let mut cargo = command::cargo();
    cargo.args(["test", "--workspace", "--test", "cluster"]).env(BIN_DIR, &programs);
    cargo.env("PATH", prometheus::before(mcp::before(collector::path()?)));
    tally.cargo(&mut cargo)?;
    if found == cluster::Found::Nothing {
        tally.one("the cluster goes and leaves nothing", cluster::down(&place));
    }
    Ok(())
}
