use std::time::Instant;
use vela_actor::*;
struct Get; impl Request for Get { type Reply = u64; }
enum Msg { Add(u64), Get(Call<Get>) }
impl From<Call<Get>> for Msg { fn from(c: Call<Get>) -> Self { Self::Get(c) } }
impl From<u64> for Msg { fn from(c: u64) -> Self { Self::Add(c) } }
struct Counter(u64);
impl Actor for Counter { type Message = Msg; type Error = std::convert::Infallible;
 async fn handle(&mut self, m: Msg, _: &mut ActorContext<Self>) -> Result<(), Self::Error> { match m { Msg::Add(n) => self.0 += n, Msg::Get(c) => c.reply(self.0) } Ok(()) } }
fn main() { vela_core::block_on(async { vela_core::task::spawn(async {
  for _ in 0..3 {
  let c = spawn(Counter(0));
  let n = 2_000_000u64;
  let t = Instant::now();
  for i in 0..n { c.send(i).await.unwrap(); }
  c.ask(Get).await.unwrap();
  println!("tell {} ns", t.elapsed().as_nanos() as u64 / n);
  let n = 500_000u64;
  let t = Instant::now();
  for _ in 0..n { c.ask(Get).without_timeout().await.unwrap(); }
  println!("ask {} ns", t.elapsed().as_nanos() as u64 / n);
  let t = Instant::now();
  for _ in 0..n { c.ask(Get).await.unwrap(); }
  println!("ask with deadline {} ns", t.elapsed().as_nanos() as u64 / n);
  let n = 100_000u64;
  let rss = || std::fs::read_to_string("/proc/self/statm").unwrap().split(' ').nth(1).unwrap().parse::<u64>().unwrap() * 4096;
  let m = rss();
  let t = Instant::now();
  let all: Vec<_> = (0..n).map(|_| spawn(Counter(0))).collect();
  for a in &all { a.ask(Get).await.unwrap(); }
  println!("spawn+ask {} ns, {} bytes", t.elapsed().as_nanos() as u64 / n, (rss() - m) / n);
  let t = Instant::now();
  for a in &all { a.stop(); }
  for a in &all { a.terminated().await; }
  println!("stop {} ns", t.elapsed().as_nanos() as u64 / n);
  }
 }).await.unwrap() }) }
