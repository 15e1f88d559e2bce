//! `name`, `clone` and `in` are clauses in front of something only.

use vela::prelude::*;

fn name(text: &'static str) -> &'static str {
    text
}

fn clone(n: u32) -> u32 {
    n
}

#[vela::test]
async fn functions_of_these_names_are_called() -> vela::Result<()> {
    let (a, b, c) = (go!(name("a")), go!(name("b").len()), go!(clone(5)));
    vela! {
        assert_eq!((<-a)?, "a");
        assert_eq!((<-b)?, 1);
        assert_eq!((<-c)?, 5);
    }
    Ok(())
}
