//! Guesses at what was meant.

/// The known name that is most like this one, if any is close.
pub(super) fn name<'a>(given: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let given = given.to_lowercase();
    known
        .into_iter()
        .filter_map(|known| Some((distance(&given, known)?, known)))
        .min_by_key(|&(d, _)| d)
        .map(|(_, k)| k)
}

/// Up to three names of channels that are like this one, the most similar first: a slip of the keyboard, or some of its
/// parts missing or too many in front or at the end.
pub(super) fn channels<'a>(given: &str, known: impl Iterator<Item = &'a str>) -> Vec<String> {
    let lower = given.to_lowercase();
    let mut found: Vec<_> = known
        .filter_map(|known| {
            let name = known.to_lowercase();
            let part = |long: &str, short: &str| {
                long.strip_suffix(short).is_some_and(|rest| rest.ends_with('.'))
                    || long.strip_prefix(short).is_some_and(|rest| rest.starts_with('.'))
            };
            let distance =
                distance(&lower, &name).or((part(&lower, &name) || part(&name, &lower)).then_some(usize::MAX))?;
            Some((distance, known))
        })
        .collect();
    found.sort_unstable();
    found.into_iter().take(3).map(|(_, name)| name.to_owned()).collect()
}

/// How far apart two names are, if that is near enough for a slip: one letter in three, and one at least.
fn distance(given: &str, known: &str) -> Option<usize> {
    // Longer names than any that is meant: the comparison takes time and memory by the product of the lengths.
    if given.len() > 256 || known.len() > 256 {
        return None;
    }
    let known = known.to_lowercase();
    let distance = strsim::damerau_levenshtein(&given.replace('-', "_"), &known.replace('-', "_"));
    (distance <= (known.chars().count() / 3).max(1)).then_some(distance)
}

/// “did you mean …?”
pub(super) fn question<S: AsRef<str>>(names: &[S]) -> Option<String> {
    let quoted: Vec<_> = names.iter().map(|name| format!("{:?}", name.as_ref())).collect();
    let (last, others) = quoted.split_last()?;
    let others = others.join(", ");
    let or = if others.is_empty() { "" } else { " or " };
    Some(format!("did you mean {others}{or}{last}?"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_are_near_and_other_words_are_not() {
        assert_eq!(name("capcity", ["capacity", "overflow"]), Some("capacity"));
        assert_eq!(name("Drop_Oldest", ["drop-newest", "drop-oldest"]), Some("drop-oldest"));
        assert_eq!(name("colour", ["capacity", "overflow"]), None);
    }

    #[test]
    fn parts_of_a_name_that_are_missing_or_too_many() {
        let known = ["worker.steps.requests", "worker.steps.replies", "orders"];
        assert_eq!(channels("steps.requests", known.into_iter()), ["worker.steps.requests"]);
        assert_eq!(channels("mpsc.orders", known.into_iter()), ["orders"]);
        assert_eq!(channels("worker.steps", known.into_iter()), ["worker.steps.replies", "worker.steps.requests"]);
        assert_eq!(channels("ord", known.into_iter()), [""; 0]);
    }

    #[test]
    fn questions_read_well() {
        assert_eq!(question::<&str>(&[]), None);
        assert_eq!(question(&["a"]).unwrap(), r#"did you mean "a"?"#);
        assert_eq!(question(&["a", "b", "c"]).unwrap(), r#"did you mean "a", "b" or "c"?"#);
    }
}
