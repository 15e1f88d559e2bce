//! The service: `cargo run -p orders`. It is set up by variables, see [`orders::settings`], and by `config/*.toml`.

use std::process::ExitCode;

use orders::service;
use orders::settings::Settings;
use tracing::{error, info};

#[vela::main]
async fn main() -> ExitCode {
    let settings = match Settings::from_env() {
        Ok(settings) => settings,
        Err(error) => {
            eprintln!("orders: {error}");
            return ExitCode::from(2);
        }
    };
    // To stderr: stdout has the address, for whoever started us.
    tracing_subscriber::fmt().with_writer(std::io::stderr).with_max_level(settings.log).init();
    match service::run(settings).await {
        Ok(()) => {
            info!("stopped, nothing is left");
            ExitCode::SUCCESS
        }
        Err(error) => {
            error!("{error}");
            ExitCode::FAILURE
        }
    }
}
