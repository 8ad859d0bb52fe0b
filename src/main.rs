//! The command line.

mod command;

use std::process::ExitCode;

#[cfg(target_env = "musl")]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    env_logger::Builder::from_env(env_logger::Env::new().filter_or("STOCKROOM_LOG", "warn")).format_target(false).init();
    match command::run(std::env::args_os().skip(1)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("stockroom: {why}");
            ExitCode::FAILURE
        }
    }
}
