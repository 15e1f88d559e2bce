//! Makes a failing schedule smaller before it is shown: fewer faults first, then fewer switches, then fewer steps.
//!
//! Two ways, and the better result of both: entries are taken out of the list of decisions in ever smaller chunks (delta
//! debugging: Zeller and Hildebrandt, IEEE TSE 28, 2002), which always helps a little; and the schedules with few
//! preemptions are searched from the beginning, which finds the smallest of small ones.

use crate::decision::Decision;

/// How much there is to a schedule; less is better, from the left.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Size {
    pub(crate) faults: usize,
    pub(crate) switches: usize,
    pub(crate) steps: u64,
}

impl Size {
    pub(crate) fn of(decisions: &[Decision], steps: u64) -> Self {
        let faults = decisions.iter().filter(|decision| decision.is_fault()).count();
        let runs: Vec<u32> = decisions
            .iter()
            .filter_map(|decision| match decision {
                Decision::Run(task) | Decision::Poll(task) | Decision::Cancel(task) | Decision::Panic(task) => {
                    Some(*task)
                }
                Decision::Draw(_) | Decision::Delay(_) => None,
            })
            .collect();
        let switches = runs.windows(2).filter(|pair| pair[0] != pair[1]).count();
        Self { faults, switches, steps }
    }
}

/// A failing schedule: what was decided in it, from the first step to the last.
#[derive(Clone, Debug)]
pub(crate) struct Candidate {
    pub(crate) decisions: Vec<Decision>,
    pub(crate) size: Size,
}

/// Takes out what is not needed. `fails` follows a list of decisions, and gives what really was decided if it fails in the
/// same way; it gives up by `Err` when the budget is used up.
pub(crate) fn delta(
    mut best: Candidate,
    fails: &mut dyn FnMut(Vec<Decision>) -> Result<Option<Candidate>, ()>,
) -> Candidate {
    // Nothing at all: the natural schedule.
    match fails(Vec::new()) {
        Ok(Some(natural)) if natural.size < best.size => best = natural,
        Ok(_) => {}
        Err(()) => return best,
    }
    loop {
        let before = best.size;
        let mut chunk = (best.decisions.len() / 2).max(1);
        loop {
            let mut at = 0;
            while at < best.decisions.len() {
                let end = (at + chunk).min(best.decisions.len());
                let mut shorter = best.decisions[..at].to_vec();
                shorter.extend_from_slice(&best.decisions[end..]);
                match fails(shorter) {
                    Ok(Some(candidate)) if candidate.size < best.size => best = candidate,
                    Ok(_) => at += chunk,
                    Err(()) => return best,
                }
            }
            if chunk == 1 {
                break;
            }
            chunk /= 2;
        }
        // Joins runs of one task: the next run of the same task is moved to the first.
        let mut at = 1;
        while at < best.decisions.len() {
            if let Some(moved) = join_runs(&best.decisions, at) {
                match fails(moved) {
                    Ok(Some(candidate)) if candidate.size < best.size => best = candidate,
                    Ok(_) => {}
                    Err(()) => return best,
                }
            }
            at += 1;
        }
        if best.size == before {
            return best;
        }
    }
}

/// If the task changes at `at`, goes on with the one before: its next entry is moved here.
fn join_runs(decisions: &[Decision], at: usize) -> Option<Vec<Decision>> {
    let Decision::Run(before) = decisions[at - 1] else { return None };
    if decisions[at] == Decision::Run(before) {
        return None;
    }
    let next = at + decisions[at..].iter().position(|&decision| decision == Decision::Run(before))?;
    let mut moved = decisions.to_vec();
    let entry = moved.remove(next);
    moved.insert(at, entry);
    Some(moved)
}

#[cfg(test)]
mod tests {
    use super::*;
    use Decision::*;

    #[test]
    fn what_is_not_needed_is_taken_out() {
        // Fails where task 2 runs at some time after task 1; everything else is ballast.
        let start = [Run(0), Run(3), Run(1), Poll(3), Run(0), Run(2), Run(3), Run(0)].to_vec();
        let size = Size::of(&start, 8);
        let mut fails = |list: Vec<Decision>| {
            let one = list.iter().position(|&d| d == Run(1));
            let two = list.iter().rposition(|&d| d == Run(2));
            let failing = matches!((one, two), (Some(one), Some(two)) if one < two);
            let size = Size::of(&list, list.len() as u64);
            Ok(failing.then_some(Candidate { decisions: list, size }))
        };
        let best = delta(Candidate { decisions: start, size }, &mut fails);
        assert_eq!(best.decisions, [Run(1), Run(2)]);
    }
}
