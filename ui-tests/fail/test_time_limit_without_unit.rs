#[vela::test(time_limit = "30")]
async fn adds() {
    assert_eq!(1 + 1, 2);
}

fn main() {}
