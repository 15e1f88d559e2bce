fn main() {
    let result = vela::sim::Simulation::new().check(async || 1 + 1);
    assert!(result.is_ok());
}
