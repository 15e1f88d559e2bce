//! Operands: places, calls, parts of what a call gives, `?` in them.

use vela::prelude::*;

struct Ends {
    tx: Sender<u32>,
    rx: Receiver<u32>,
}

struct Server {
    ends: Vec<Ends>,
}

impl Server {
    fn ends(&self) -> &Ends {
        &self.ends[0]
    }

    fn checked(&self, i: usize) -> Option<&Ends> {
        self.ends.get(i)
    }

    async fn run(&mut self) -> Option<u32> {
        select! { self.ends[0].tx <- 1 => {} closed => {} }
        select! { self.ends().tx <- 2 => {} closed => {} }
        select! { (*self.ends()).tx <- 3 => {} closed => {} }
        select! { self.checked(0)?.tx.clone() <- u32::try_from(self.checked(0)?.tx.capacity()?).ok()? => {} closed => {} }
        let mut sum = 0;
        sum += select! { n = <-self.ends[0].rx => n? };
        sum += select! { n = <-self.ends().rx => n? };
        sum += select! { n = <-self.ends().rx.clone() => n? };
        sum += select! { n = <-(self.checked(0)?.rx) => n? };
        select! { n = <-(self.checked(5)?.rx) => n, else => Some(sum) }
    }
}

#[vela::test]
async fn operands_of_every_form() {
    let (tx, rx) = vela::channel(8);
    let mut server = Server { ends: vec![Ends { tx, rx }] };
    assert_eq!(server.run().await, None);
    assert_eq!(server.ends().rx.len(), 0);
}
