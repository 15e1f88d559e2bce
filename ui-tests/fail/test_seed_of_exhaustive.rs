#[vela::test(strategy = "exhaustive", seed = 7)]
async fn adds() {
    assert_eq!(1 + 1, 2);
}

fn main() {}
