//! A work distributor: a crawler hands pages to its workers, a page that kills its worker is tried twice, all others are visited.
//!
//! The workers are children of the crawler: who fails is restarted. Each has one page at a time, so what is on its way is
//! bounded, and a failure is an ask without an answer: the crawler knows which page it was.
//!
//! Run it: `cargo run --release --features actor --example crawler`

use std::collections::{BTreeMap, VecDeque};

use vela::actor::prelude::*;
use vela::prelude::*;

const WORKERS: usize = 3;
type Page = u32;

/// A site with a front page, a blog of 12 posts, and two pages that no worker can read.
fn links(page: Page) -> Vec<Page> {
    match page {
        0 => vec![1, 2, 100],
        2..=12 => vec![page + 1, 1],
        13 => vec![0, 101, 14],
        _ => vec![],
    }
}

struct Visit(Page);

impl Request for Visit {
    type Reply = Vec<Page>;
}

struct Worker;

impl Actor for Worker {
    type Message = Call<Visit>;
    type Error = String;

    async fn handle(&mut self, call: Call<Visit>, _: &mut ActorContext<Self>) -> Result<(), String> {
        sleep(ms(1)).await; // the network
        let Visit(page) = call.request;
        if page >= 100 {
            return Err(format!("page {page} is poisoned")); // a panic is the same
        }
        call.reply(links(page));
        Ok(())
    }
}

/// Asks a crawler to visit all that can be reached from a page: how often each was tried, and whether it was read.
struct Crawl(Page);

impl Request for Crawl {
    type Reply = BTreeMap<Page, Tried>;
}

#[derive(Clone, Copy, Default)]
struct Tried {
    times: u32,
    read: bool,
}

#[derive(Message)]
enum CrawlerMsg {
    Crawl(Call<Crawl>),
    Visited { page: Page, links: Result<Vec<Page>, AskError>, worker: Address<Worker> },
}

#[derive(Default)]
struct Crawler {
    idle: Vec<Address<Worker>>,
    backlog: VecDeque<Page>,
    pages: BTreeMap<Page, Tried>,
    asked: Option<Call<Crawl>>,
}

impl Crawler {
    fn find(&mut self, page: Page) {
        self.pages.entry(page).or_insert_with(|| {
            self.backlog.push_back(page);
            Tried::default()
        });
    }

    /// Hands out pages while there are pages and idle workers; answers once all workers are idle.
    fn go_on(&mut self, cx: &mut ActorContext<Self>) {
        while let Some(&page) = self.backlog.front()
            && let Some(worker) = self.idle.pop()
        {
            self.backlog.pop_front();
            self.pages.entry(page).or_default().times += 1;
            // Awaited here, the crawler would handle nothing else meanwhile. So the result comes as a message.
            let visit = async move { (worker.ask(Visit(page)).await, worker) };
            cx.pipe(visit, move |visited| {
                let (links, worker) = visited.expect("an ask does not panic");
                CrawlerMsg::Visited { page, links, worker }
            });
        }
        if let Some(call) = self.asked.take_if(|_| self.idle.len() == WORKERS) {
            call.reply(std::mem::take(&mut self.pages));
        }
    }
}

impl Actor for Crawler {
    type Message = CrawlerMsg;
    type Error = vela::Error;

    async fn started(&mut self, cx: &mut ActorContext<Self>) -> vela::Result<()> {
        cx.supervise(Supervision::new(Strategy::OneForOne).max_restarts(100).within(secs(60)))?;
        for n in 0..WORKERS {
            self.idle.push(cx.spawn(child(format!("worker-{n}")).transient(), || Worker)?);
        }
        Ok(())
    }

    async fn handle(&mut self, message: CrawlerMsg, cx: &mut ActorContext<Self>) -> vela::Result<()> {
        match message {
            CrawlerMsg::Crawl(call) => {
                self.find(call.request.0);
                self.asked = Some(call); // an earlier one gets no answer: an error
            }
            CrawlerMsg::Visited { page, links, worker } => {
                self.idle.push(worker); // it has been restarted, if it had to be: its address is the same
                let tried = self.pages.entry(page).or_default();
                tried.read = links.is_ok();
                match links {
                    Ok(links) => links.into_iter().for_each(|link| self.find(link)),
                    Err(_) if tried.times < 2 => self.backlog.push_back(page),
                    Err(_) => {}
                }
            }
        }
        self.go_on(cx);
        Ok(())
    }
}

#[vela::main]
async fn main() -> vela::Result<()> {
    let system = System::new("crawl");
    let crawler = system.spawn(child("crawler"), Crawler::default)?;
    let pages = crawler.ask(Crawl(0)).without_timeout().await?;
    for (page, tried) in pages.iter().filter(|(_, tried)| !tried.read) {
        println!("page {page} could not be read, tried {} times", tried.times);
    }
    println!("{} pages were read", pages.values().filter(|tried| tried.read).count());
    Ok(system.shutdown().await?)
}
