//! A bank whose accounts crash: transfers between actors, panics and kills at random moments, and no penny is lost.
//!
//! What must survive is kept outside the actors: each account's book, and the order of each transfer, which its factory knows.
//! A transfer is an actor of its own. It withdraws, then it deposits, and if anything fails it is started again from the
//! beginning. That does no harm: a book enters what has a number only once, and gives the same answer the second time.
//!
//! Run it: `cargo run --release --features actor --example bank`

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::{Arc, Mutex};

use vela::actor::prelude::*;
use vela::prelude::*;
use vela::task::yield_now;

/// To be entered in a book; an amount below zero is a withdrawal. The answer: whether there was enough money.
struct Post {
    number: u32,
    amount: i64,
}

impl Request for Post {
    type Reply = bool;
}

/// What survives the crashes of an account.
struct Book {
    balance: i64,
    answers: BTreeMap<u32, bool>,
}

impl Book {
    fn enter(&mut self, post: &Post) -> bool {
        let balance = &mut self.balance;
        *self.answers.entry(post.number).or_insert_with(|| {
            let enough = *balance + post.amount >= 0;
            *balance += if enough { post.amount } else { 0 };
            enough
        })
    }
}

struct Account {
    book: Arc<Mutex<Book>>,
    chaos: Chaos,
}

impl Actor for Account {
    type Message = Call<Post>;
    type Error = &'static str;

    async fn handle(&mut self, call: Call<Post>, _: &mut ActorContext<Self>) -> Result<(), &'static str> {
        self.chaos.strikes().await?; // nothing was done
        let answer = self.book.lock().unwrap().enter(&call.request);
        self.chaos.strikes().await?; // it was done, and nobody is told
        call.reply(answer);
        self.chaos.strikes().await // all is well, but for the account
    }
}

#[derive(Clone)]
struct Transfer {
    number: u32,
    amount: i64,
    from: Address<Account>,
    to: Address<Account>,
}

vela! {
/// It has work of its own and takes no messages. What has no answer is a failure: its supervisor starts it again.
impl Actor for Transfer {
    type Message = Infallible;
    type Error = AskError;

    async fn run(&mut self, _: &mut Inbox<Self>, _: &mut ActorContext<Self>) -> Result<(), AskError> {
        let &mut Self { number, amount, ref from, ref to } = self;
        if (<-from.ask(Post { number, amount: -amount }))? {
            (<-to.ask(Post { number, amount }))?;
        }
        Ok(()) // the end, for a transient actor
    }

    async fn handle(&mut self, never: Infallible, _: &mut ActorContext<Self>) -> Result<(), AskError> {
        match never {}
    }
}

/// So many transfers among so many accounts, each with 1000 in it; how much there is after that.
pub(crate) async fn trade(accounts: usize, transfers: u32, seed: u64) -> vela::Result<i64> {
    let chaos = Chaos(Arc::new(Mutex::new(fastrand::Rng::with_seed(seed))));
    let bank = System::with("bank", Supervision::new(Strategy::OneForOne).max_restarts(u32::MAX))?;
    let book = || Arc::new(Mutex::new(Book { balance: 1000, answers: BTreeMap::new() }));
    let books: Vec<_> = (0..accounts).map(|_| book()).collect();
    let accounts = books.iter().enumerate().map(|(n, book)| {
        let (book, chaos) = (book.clone(), chaos.clone());
        bank.spawn(child(format!("account-{n}")), move || Account { book: book.clone(), chaos: chaos.clone() })
    });
    let accounts: Vec<_> = accounts.collect::<Result<_, _>>()?;

    let mut running = Vec::new();
    for number in 0..transfers {
        let (from, to) = (chaos.draw(accounts.len()), 1 + chaos.draw(accounts.len() - 1));
        let to = (from + to) % accounts.len();
        let (from, to) = (accounts[from].clone(), accounts[to].clone());
        let order = Transfer { number, amount: 1 + chaos.draw(700) as i64, from, to };
        running.push(bank.spawn(child(format!("transfer-{number}")).transient(), move || order.clone())?);
        yield_now().await;
        accounts[chaos.draw(accounts.len())].kill();
        running[chaos.draw(running.len())].kill();
    }
    for transfer in &running { <-transfer.terminated(); } // for good: that it comes back is no end

    bank.shutdown().await?;
    Ok(books.iter().map(|book| book.lock().unwrap().balance).sum())
}

#[vela::main]
async fn main() -> vela::Result<()> {
    std::panic::set_hook(Box::new(|_| ())); // the panics are wanted
    println!("8 accounts with 1000 each");
    println!("after 500 transfers and many crashes: {}", trade(8, 500, 1).await?);
    Ok(())
}
}

/// Has an eighth of what is tried fail: by an error, or by a panic.
#[derive(Clone)]
struct Chaos(Arc<Mutex<fastrand::Rng>>);

impl Chaos {
    fn draw(&self, below: usize) -> usize {
        self.0.lock().unwrap().usize(..below)
    }

    async fn strikes(&self) -> Result<(), &'static str> {
        yield_now().await; // here it may be killed, too
        match self.draw(16) {
            0 => Err("a crash"),
            1 => panic!("a panic"),
            _ => Ok(()),
        }
    }
}
