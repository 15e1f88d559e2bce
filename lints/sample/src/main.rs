//! Breaks the rules of `lints/clippy.toml` and `lints/lints.toml`, each where a comment says so: `//~ lint: words of its message`, or
//! `//? lint: …` where only an optional rule of `clippy.toml` is broken.

mod channels;
mod errors;
mod guards;
mod right;
mod tasks;
mod time;

#[vela::main]
async fn main() {
    channels::channels();
    channels::without_a_name();
    channels::of_other_crates();
    tasks::tasks().await;
    time::time().await;
    guards::guards().await;
    errors::errors().await;
    right::right().await;
}
