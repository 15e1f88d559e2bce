#[vela::test(strategy = "dfs")]
async fn adds() {
    assert_eq!(1 + 1, 2);
}

fn main() {}
