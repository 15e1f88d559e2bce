//! From Go, line by line: checksums of all files below a directory, with a bounded number of workers and a `done`
//! channel that stops everything early. (Go's well-known `digestAll` pipeline.) The Go form stands above each part.
//!
//! Run it: `cargo run --release --example go_port [directory]`

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::path::PathBuf;

use vela::prelude::*;

/// Go closes `done`; here its sender is dropped. Nothing is ever sent: both say `<-done`.
type Done = Receiver<Infallible>;
type Digest = (PathBuf, std::io::Result<u64>);

/// FNV-1a, so that the example needs no other crate.
fn sum(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}

vela! {
// func walk(done <-chan struct{}, root string) (<-chan string, <-chan error) {
//     paths, failed := make(chan string), make(chan error, 1)
//     go func() {
//         defer close(paths)
//         failed <- filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
//             if err != nil || !entry.Type().IsRegular() { return err }
//             select {
//             case paths <- path: return nil
//             case <-done:        return errStopped
//             }
//         })
//     }()
//     return paths, failed
// }
fn walk(done: Done, root: PathBuf) -> (Receiver<PathBuf>, Task<std::io::Result<()>>) {
    let (out, paths) = vela::channel(0);
    let failed = go! {                              // a task has a result: no second channel
        let mut open = vec![root];
        while let Some(folder) = open.pop() {
            let mut entries = tokio::fs::read_dir(folder).await?;
            while let Some(entry) = entries.next_entry().await? {
                let kind = entry.file_type().await?;
                if kind.is_dir() { open.push(entry.path()); }
                if !kind.is_file() { continue; }
                select! {
                    out <- entry.path() => {}
                    _ = <-done          => return Err(std::io::ErrorKind::Interrupted.into()),
                }
            }
        }
        Ok(())                                      // no `defer close(paths)`: `out` is dropped here
    };
    (paths, failed)
}

// func digester(done <-chan struct{}, paths <-chan string, digests chan<- digest) {
//     for path := range paths {
//         data, err := os.ReadFile(path)
//         select {
//         case digests <- digest{path, sum(data), err}:
//         case <-done: return
//         }
//     }
// }
async fn digester(done: Done, paths: Receiver<PathBuf>, digests: Sender<Digest>) {
    for path in <-paths {
        let data = tokio::fs::read(&path).await;
        select! {
            digests <- (path, data.map(|data| sum(&data))) => {}
            _ = <-done                                     => return,
        }
    }
}

// func digestAll(root string) (map[string]uint64, error) {
//     done := make(chan struct{})
//     defer close(done)                            // stops whoever still runs when we return early
//     paths, failed := walk(done, root)
//     digests := make(chan digest)
//     var wg sync.WaitGroup
//     for range 4 { wg.Add(1); go func() { defer wg.Done(); digester(done, paths, digests) }() }
//     go func() { wg.Wait(); close(digests) }()
//     sums := map[string]uint64{}
//     for d := range digests {
//         if d.err != nil { return nil, d.err }
//         sums[d.path] = d.sum
//     }
//     if err := <-failed; err != nil { return nil, err }
//     return sums, nil
// }
async fn digest_all(root: PathBuf) -> vela::Result<BTreeMap<PathBuf, u64>> {
    let (_close, done) = vela::channel(0);          // `defer close(done)`: `_close` is dropped at every way out
    let (paths, failed) = walk(done.clone(), root);
    let (digests, results) = vela::channel(0);
    for _ in 0..4 { go!(digester(done.clone(), paths.clone(), digests.clone())); }
    drop(digests);                                  // no WaitGroup: the last digester's sender closes the channel
    let mut sums = BTreeMap::new();
    for (path, sum) in <-results { sums.insert(path, sum?); }
    (<-failed)??;                                   // the task's panic, and the error that it returned
    Ok(sums)
}

#[vela::main]
async fn main() -> vela::Result<()> {
    let root = std::env::args_os().nth(1).map_or_else(|| PathBuf::from("src"), PathBuf::from);
    for (path, sum) in digest_all(root).await? { println!("{sum:016x}  {}", path.display()); }
    Ok(())
}
}
