//! A bus as a source of an actor, which is told how much it has missed when it was too slow.
//!
//! A bus never waits for its subscribers. An actor receives from a subscription besides its mailbox, one event at a time, and
//! what the bus has dropped meanwhile goes to `on_lagged`.
//!
//! Run it: `cargo run --release --features actor --example event_bus`

use std::convert::Infallible;

use vela::actor::prelude::*;
use vela::bus::EventBus;
use vela::prelude::*;

/// The events.
#[derive(Clone, Debug)]
enum Sale {
    Sold { item: u32, price: u32 },
    DayOver,
}

/// Counts what is sold, and knows how much it has not seen.
struct Accountant {
    bus: EventBus,
    sold: u32,
    turnover: u32,
    missed: u64,
}

/// Asks the accountant to count the cash, which takes until the receiver closes.
struct CountTheCash(Receiver<Infallible>);

impl Request for CountTheCash {
    type Reply = ();
}

#[derive(Message)]
enum AccountantMsg {
    Sale(Sale),
    Cash(Call<CountTheCash>),
}

vela! {
impl Actor for Accountant {
    type Message = AccountantMsg;
    type Error = Infallible;

    async fn started(&mut self, cx: &mut ActorContext<Self>) -> Result<(), Infallible> {
        cx.attach(self.bus.subscribe(), AccountantMsg::Sale); // after a restart it is attached anew
        Ok(())
    }

    async fn handle(&mut self, message: AccountantMsg, cx: &mut ActorContext<Self>) -> Result<(), Infallible> {
        match message {
            AccountantMsg::Sale(Sale::Sold { item, price }) => {
                println!("accountant: item {item} for {price}");
                self.sold += 1;
                self.turnover += price;
            }
            AccountantMsg::Sale(Sale::DayOver) => {
                println!("accountant: {} sold for {}, {} not seen", self.sold, self.turnover, self.missed);
                cx.stop(); // transient: that is its end
            }
            AccountantMsg::Cash(call) => {
                let (CountTheCash(done), reply) = call.into_parts();
                _ = reply <- ();
                <-done;
            }
        }
        Ok(())
    }

    async fn on_lagged(&mut self, missed: u64, _: &mut ActorContext<Self>) -> Result<(), Infallible> {
        println!("accountant: {missed} events came while I was counting");
        self.missed += missed;
        Ok(())
    }
}

#[vela::main]
async fn main() -> vela::Result<()> {
    let bus = EventBus::with_capacity(4); // so many events are kept for who is slow
    let shop = System::new("shop");
    let accountant = shop.spawn(child("accountant").transient(), {
        let bus = bus.clone();
        move || Accountant { bus: bus.clone(), sold: 0, turnover: 0, missed: 0 }
    })?;
    shop.children().settled().await; // it has subscribed

    let (counting, until) = vela::channel(0);
    (<-accountant.ask(CountTheCash(until)))?;
    for item in 1..=10 {
        bus <- (Sale::Sold { item, price: 10 * item }) else { break };
    }
    bus <- Sale::DayOver else { return Ok(()) };
    println!("eleven events are published, and nobody had to wait");
    drop(counting);

    <-accountant.terminated();
    shop.shutdown().await?;
    Ok(())
}
}
