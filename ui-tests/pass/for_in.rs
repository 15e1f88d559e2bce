//! `for pattern in <-rx`.

use vela::prelude::*;

struct Jobs {
    rx: Receiver<(u32, char)>,
}

#[vela::test]
async fn receives_until_closed() {
    let (tx, rx) = vela::channel(4);
    vela! {
        for job in [(1, 'a'), (2, 'b'), (3, 'c'), (4, 'd')] {
            tx <- job else { unreachable!() };
        }
        drop(tx);
        let jobs = Jobs { rx };
        let mut seen = Vec::new();
        'all: for (n, name) in <-jobs.rx {
            for m in 0..n {
                if m == 2 {
                    break 'all;
                }
            }
            if n == 2 {
                continue;
            }
            seen.push(name);
        }
        for _ in <-jobs.rx.clone() {}
        for mut pair in <-jobs.rx {
            pair.0 += 1;
            seen.push(pair.1);
        }
        assert_eq!(seen, ['a']);
    }
}

#[vela::test]
async fn or_patterns_fit() {
    let (tx, rx) = vela::channel::<Result<u32, u32>>(2);
    vela! {
        tx <- Ok(1) else { return };
        tx <- Err(2) else { return };
        drop(tx);
        let mut sum = 0;
        for Ok(n) | Err(n) in <-rx {
            sum += n;
        }
        assert_eq!(sum, 3);
    }
}
