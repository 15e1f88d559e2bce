#[vela::test(strategy = "random", depth = 3)]
async fn adds() {
    assert_eq!(1 + 1, 2);
}

fn main() {}
