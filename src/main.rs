//! `bkt`, the command line: see [`bucket::cli`].

fn main() -> std::process::ExitCode {
    bucket::cli::main()
}
