//! The state graph of a model, walked depth first: a cycle in it is a livelock.

use std::collections::HashMap;
use std::fmt;
use std::hash::Hash;

use stateright::Model;

/// What [`walk`] has seen.
pub struct Graph<S, A> {
    /// How many states there are.
    pub states: usize,
    /// How many steps there are between them.
    pub steps: usize,
    /// States in which nothing can happen any more.
    pub ends: Vec<S>,
    /// The steps of a cycle, if there is one; the walk stops at the first.
    pub cycle: Option<Vec<A>>,
}

impl<S, A: fmt::Debug> fmt::Debug for Graph<S, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { states, steps, ends, cycle } = self;
        write!(f, "{states} states, {steps} steps, {} ends, cycle: {cycle:?}", ends.len())
    }
}

/// A state on the way, with the step that led to it and those that are still to be taken from it.
struct Visit<M: Model> {
    state: M::State,
    by: Option<M::Action>,
    next: Vec<(M::Action, M::State)>,
}

/// Visits every state of `model`. Where no cycle is found every run ends, whatever the scheduler does.
pub fn walk<M: Model>(model: &M, see: &mut impl FnMut(&M::State)) -> Graph<M::State, M::Action>
where
    M::State: Clone + Eq + Hash,
    M::Action: Clone,
{
    // False while the state is on the path that is being walked.
    let mut left: HashMap<M::State, bool> = HashMap::new();
    let mut graph = Graph { states: 0, steps: 0, ends: Vec::new(), cycle: None };
    let mut path: Vec<Visit<M>> = Vec::new();
    let mut fresh: Vec<(Option<M::Action>, M::State)> = model.init_states().into_iter().map(|s| (None, s)).collect();
    loop {
        if let Some((by, state)) = fresh.pop() {
            graph.states += 1;
            see(&state);
            left.insert(state.clone(), false);
            let next = model.next_steps(&state);
            graph.steps += next.len();
            if next.is_empty() {
                graph.ends.push(state.clone());
            }
            path.push(Visit { state, by, next });
        }
        let Some(visit) = path.last_mut() else { return graph };
        let Some((action, state)) = visit.next.pop() else {
            left.insert(visit.state.clone(), true);
            path.pop();
            continue;
        };
        match left.get(&state) {
            None => fresh.push((Some(action), state)),
            Some(true) => {}
            Some(false) => {
                let first = path.iter().position(|visit| visit.state == state).map_or(0, |at| at + 1);
                let mut cycle: Vec<_> = path[first..].iter().filter_map(|visit| visit.by.clone()).collect();
                cycle.push(action);
                graph.cycle = Some(cycle);
                return graph;
            }
        }
    }
}
