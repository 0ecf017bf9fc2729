//! `bucket`, the desktop application.
//!
//! [`app`] is the window; [`pages`] are what it shows and [`widgets`] what pages are made of; [`model`] works out what
//! they say, without a widget; [`backend`] is the only door to the engine.

mod actions;
mod app;
mod backend;
#[cfg(test)]
mod boxes_gui_tests;
mod browse;
mod containerfile;
mod dialogs;
mod diff;
mod editor;
mod first_run;
#[cfg(test)]
mod first_run_gui_tests;
mod flow;
#[cfg(test)]
mod gui_tests;
mod layers;
mod model;
#[cfg(test)]
mod packages_gui_tests;
mod pages;
mod permissions;
#[cfg(test)]
mod permissions_gui_tests;
mod propose;
mod pull;
mod repository;
mod review;
#[cfg(test)]
mod review_gui_tests;
mod settings;
#[cfg(test)]
mod settings_tests;
mod standing;
mod steps;
mod style;
mod task;
mod values;
mod watch;
mod widgets;
mod window;

use bucket::host::Host;
use bucket::words;
use relm4::RelmApp;

fn main() -> std::process::ExitCode {
    // Units call `bucket --cli VERB`: no display is opened for it.
    if std::env::args_os().nth(1).is_some_and(|first| first == "--cli") {
        return bucket::cli::main();
    }
    tracing_subscriber::fmt()
        .with_env_filter(tracing_subscriber::EnvFilter::from_default_env())
        .with_writer(std::io::stderr)
        .init();
    words::init(&bucket::host::locale_dir());
    let args: Vec<String> = std::env::args().collect();
    let host = match Host::real() {
        Ok(host) => host,
        Err(error) => {
            eprintln!("bucket: {error:#}");
            return std::process::ExitCode::FAILURE;
        }
    };
    // GApplication reads the arguments itself: `--gapplication-service` among them.
    RelmApp::new(settings::APP_ID).visible_on_activate(false).with_args(args).run::<app::App>(host);
    std::process::ExitCode::SUCCESS
}
