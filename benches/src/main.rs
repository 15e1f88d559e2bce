//! Vela beside its peers.
fn main() {}
