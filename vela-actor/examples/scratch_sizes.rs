use vela_actor::*;
struct Counter(u64);
impl Actor for Counter { type Message = u64; type Error = std::convert::Infallible;
 async fn handle(&mut self, m: u64, _: &mut ActorContext<Self>) -> Result<(), Self::Error> { self.0 += m; Ok(()) } }
fn main() { vela_core::block_on(async { sizes(Counter(0)) });
 vela_core::block_on(async { vela_core::task::spawn(async {
  let n = 100_000u64;
  let rss = || std::fs::read_to_string("/proc/self/statm").unwrap().split(' ').nth(1).unwrap().parse::<u64>().unwrap() * 4096;
  let m = rss();
  let all: Vec<_> = (0..n).map(|_| spawn(Counter(0))).collect();
  for a in &all { while a.state() != ActorState::Running { vela_core::task::yield_now().await; } }
  println!("idle {} bytes", (rss() - m) / n);
  for a in &all { a.send(1u64).await.unwrap(); }
  for a in &all { while a.mailbox_len() != 0 { vela_core::task::yield_now().await; } }
  println!("after one message {} bytes", (rss() - m) / n);
 }).await.unwrap() });
}
