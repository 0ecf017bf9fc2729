//! What reading the packages of an image costs, of 2,500 packages.
//!
//! Three ways, each as a ratio to the one before: *warm*, from what was kept of this deployment; *cold*, one query of the
//! names; *headers*, every header of the database, as a list with versions takes it. With each of the first two, a
//! hundred packages are looked up. `cargo bench --bench packages`.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a benchmark fails by panicking"
)]
#![allow(clippy::disallowed_methods, reason = "a benchmark looks at the clock")]

#[allow(dead_code, reason = "tests use more of it")]
#[path = "../tests/image/machine.rs"]
mod machine;
mod measure;
use bucket::host::deployment;
use bucket::host::rpmdb::{Rpmdb, cache};
use machine::Machine;
use measure::median;

const RUNS: usize = 21;

fn main() {
    let count = 2500;
    let names: Vec<String> = (0..count).map(|number| format!("package-{number}")).collect();
    let machine = Machine::new(&names.iter().map(String::as_str).collect::<Vec<_>>());
    let host = machine.host();
    let deployment = deployment::read(&host).unwrap().unwrap().booted;
    let database = Rpmdb::of(&deployment.dir).unwrap();
    let asked: Vec<&String> = names.iter().step_by(25).collect();
    let warm = median(RUNS, || {
        let names = cache::names(&host, &deployment).unwrap();
        assert!(asked.iter().all(|name| names.has(name)));
    });
    let cold = median(RUNS, || {
        let names = database.names().unwrap();
        assert!(asked.iter().all(|name| names.contains(*name)));
    });
    let headers = median(RUNS, || assert_eq!(database.packages().unwrap().len(), count));
    let told = median(RUNS, || drop(deployment::read(&host).unwrap()));
    println!("{count} packages");
    for (what, took, ratio) in [
        ("deployments", told, None),
        ("warm", warm, None),
        ("cold", cold, Some(cold.as_secs_f64() / warm.as_secs_f64())),
        ("headers", headers, Some(headers.as_secs_f64() / cold.as_secs_f64())),
    ] {
        let ratio = ratio.map(|ratio| format!("{ratio:.1}×")).unwrap_or_default();
        println!("{what:>12} {:>9.2} ms {ratio:>7}", took.as_secs_f64() * 1e3);
    }
    assert!(warm < cold, "what is kept has to be worth keeping");
}
