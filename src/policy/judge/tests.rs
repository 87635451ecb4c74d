//! Every combination of two findings, their lines in the policy and the
//! circumstances, held against the laws.

use super::*;
use crate::policy::Ruling;
use crate::verdict::{ErrorKind, Finding, Reason, Weight};

/// What is asked of the MTA as a directive.
fn status(action: Action) -> Option<Status> {
    match action {
        Action::Pass | Action::Disinfect | Action::Replace => None,
        Action::Delete => Some(Status::Delete),
        Action::Hold => Some(Status::Hold),
        Action::Discard => Some(Status::Discard),
        Action::Defer => Some(Status::Again),
    }
}

/// Every finding that there can be: weight and result.
fn findings() -> Vec<Finding> {
    let of = |weight, result| Finding { weight, result, ..Finding::of("e") };
    let clean = || Ok(Verdict::Clean);
    let mut all = vec![
        of(Weight::Acquits, clean()),
        of(Weight::ConvictsOnly, clean()),
        of(Weight::Acquits, Ok(Verdict::from_name(b"Worm"))),
        of(Weight::ConvictsOnly, Ok(Verdict::from_name(b"Worm"))),
        of(Weight::StoodInFor, Ok(Verdict::from_name(b"Worm"))),
        of(Weight::StoodInFor, Ok(Verdict::unscannable(Reason::TooLarge))),
        of(Weight::StoodInFor, Err(ScanError::new(ErrorKind::Crashed, "x"))),
    ];
    for (reason, _) in Reason::NAMES {
        all.push(of(Weight::Acquits, Ok(Verdict::unscannable(reason))));
    }
    // What we find out ourselves acquits nothing.
    all.push(of(Weight::ConvictsOnly, Ok(Verdict::unscannable(Reason::Ambiguous))));
    for (kind, _) in ErrorKind::NAMES {
        all.push(of(Weight::Acquits, Err(ScanError::new(kind, "x"))));
    }
    all
}

fn circumstances() -> Vec<Circumstances> {
    let mut all = Vec::new();
    for cleaning in [Cleaning::NotTried, Cleaning::Failed, Cleaning::Proven] {
        for content in [Content::Readable, Content::Unreadable] {
            for voice in [Voice::Options, Voice::Mute] {
                for release in [Release::From63, Release::Before63, Release::Pmdf] {
                    all.push(Circumstances { cleaning, content, way: Way::Channel { voice, release } });
                }
            }
        }
    }
    all
}

/// The words that an administrator may write for one finding.
fn words(finding: &Finding) -> Vec<Ruling> {
    match finding.result {
        Ok(Verdict::Unscannable(..)) => {
            let acts = Action::NOT_SCANNED.map(Ruling::Act);
            acts.into_iter().chain([Ruling::Convict]).collect()
        }
        Err(_) => Action::NOT_SCANNED.map(Ruling::Act).to_vec(),
        Ok(Verdict::Clean | Verdict::Infected(_)) => vec![Ruling::Act(Action::Pass)],
    }
}

/// Writes the line for one finding.
fn write(policy: &mut Policy, finding: &Finding, word: Ruling) {
    match (&finding.result, word) {
        (Ok(Verdict::Unscannable(reason, _)), word) => {
            let place = Reason::NAMES.iter().position(|(known, _)| known == reason).unwrap();
            policy.unscannable[place] = word;
        }
        (Err(error), Ruling::Act(action)) => {
            let place = ErrorKind::NAMES.iter().position(|(known, _)| *known == error.kind).unwrap();
            policy.error[place] = action;
        }
        (Err(_), Ruling::Convict) | (Ok(Verdict::Clean | Verdict::Infected(_)), _) => {}
    }
}

fn is_infected(policy: &Policy, findings: &[Finding]) -> bool {
    findings.iter().any(|finding| match &finding.result {
        Ok(verdict) => matches!(policy.count(verdict.clone()), Verdict::Infected(_)),
        Err(_) => false,
    })
}

/// Whether the administrator's own word, or the proof of an engine, lets the part
/// pass. Written down anew from the laws, not from the code.
fn may_pass(policy: &Policy, findings: &[Finding]) -> bool {
    let looked = findings.iter().any(|finding| finding.weight == Weight::Acquits);
    let each = findings.iter().all(|finding| match (&finding.result, finding.weight) {
        (Ok(Verdict::Infected(_)), _) => false,
        (Ok(Verdict::Clean), _) | (_, Weight::StoodInFor) => true,
        (Ok(Verdict::Unscannable(reason, _)), _) => policy.ruling(*reason) == Ruling::Act(Action::Pass),
        (Err(error), _) => {
            let place = ErrorKind::NAMES.iter().position(|(known, _)| *known == error.kind).unwrap();
            policy.error[place] == Action::Pass
        }
    });
    looked && each
}

/// The findings as the policy counts them, and the same in the other order.
fn counted(policy: &Policy, found: &[Finding]) -> [Findings; 2] {
    let count = |finding: &Finding| Finding {
        result: finding.result.clone().map(|verdict| policy.count(verdict)),
        ..finding.clone()
    };
    [found.iter().map(count).collect(), found.iter().rev().map(count).collect()].map(Findings)
}

/// Asserts the laws for one combination.
fn hold_laws(
    policy: &Policy,
    found: &[Finding],
    [findings, turned]: &[Findings; 2],
    circumstances: Circumstances,
) {
    let judgement = judge(policy, findings, circumstances);
    let Judgement { worst, action, delivery } = &judgement;
    let case = || format!("{found:?} {circumstances:?} {policy:?}: {judgement:?}");
    let Circumstances { cleaning, content, way: Way::Channel { voice, release } } = circumstances;
    let infected = is_infected(policy, found);
    // An infected part is never passed, and its conviction is the same whatever
    // was found beside it.
    assert_eq!(matches!(worst, Ok(Verdict::Infected(_))), infected, "{}", case());
    if infected {
        let alone = Finding { weight: Weight::Acquits, result: worst.clone(), ..Finding::of("e") };
        let alone = judge(policy, &Findings(vec![alone]), circumstances);
        assert_eq!(judgement, alone, "{}", case());
        let cleaned = policy.disinfection == Disinfection::Try && cleaning == Cleaning::Proven;
        let expected = match (cleaned, voice) {
            (true, _) => Action::Disinfect,
            (false, Voice::Mute) => Action::Replace,
            (false, Voice::Options) if policy.infected == Action::Discard && release == Release::Before63 => {
                Action::Hold
            }
            (false, Voice::Options) => policy.infected,
        };
        assert_eq!(*action, expected, "{}", case());
        assert_eq!(*delivery, if cleaned { Delivery::Cleaned } else { Delivery::Notice }, "{}", case());
    } else {
        // Nothing unscanned is passed without a word for exactly that.
        let passes = may_pass(policy, found) && content == Content::Readable;
        assert_eq!(*action == Action::Pass, passes, "{}", case());
        assert!(!matches!(action, Action::Delete | Action::Discard | Action::Disinfect), "{}", case());
        let expected = match action {
            Action::Pass => Delivery::Original,
            Action::Replace => Delivery::Notice,
            _ => Delivery::Nothing,
        };
        assert_eq!(*delivery, expected, "{}", case());
    }
    // Nothing is asked of a server that does not know it, or cannot be told.
    match (voice, status(*action)) {
        (Voice::Options, Some(status)) => assert_eq!(status.known_to(release), status, "{}", case()),
        (Voice::Mute, Some(status)) => assert_eq!(status, Status::Again, "{}", case()),
        (_, None) => {}
    }
    // The order in which engines answer decides nothing.
    let turned = judge(policy, turned, circumstances);
    assert_eq!((turned.action, turned.delivery), (*action, *delivery), "{}", case());
}

/// All policies that differ in what concerns these findings. Every other line
/// passes what it can, which is the worst that an administrator can write.
fn policies(found: &[Finding]) -> Vec<Policy> {
    let mut all = Vec::new();
    let passes = Policy {
        unscannable: [Ruling::Act(Action::Pass); Reason::NAMES.len()],
        error: [Action::Pass; ErrorKind::NAMES.len()],
        ..Policy::default()
    };
    let (first, second) = (&found[0], found.last().unwrap());
    for one in words(first) {
        for other in words(second) {
            let mut policy = passes.clone();
            // Nobody looked at the part at all: a failure of its own.
            policy.error[0] = Action::Defer;
            write(&mut policy, first, one);
            write(&mut policy, second, other);
            for without_options in [Action::Defer, Action::Replace] {
                policy.without_options = without_options;
                all.push(policy.clone());
                if is_infected(&policy, found) {
                    for infected in Action::INFECTED {
                        for disinfection in [Disinfection::Try, Disinfection::Skip] {
                            all.push(Policy { infected, disinfection, ..policy.clone() });
                        }
                    }
                }
            }
        }
    }
    all
}

/// Judges each finding alone and every pair, the same finding twice included.
#[test]
fn every_combination_obeys_the_laws() {
    let (findings, circumstances) = (findings(), circumstances());
    let mut judged = 0;
    for (i, first) in findings.iter().enumerate() {
        let pairs = findings[i..].iter().map(|second| vec![first.clone(), second.clone()]);
        for found in pairs.chain([vec![first.clone()]]) {
            for policy in policies(&found) {
                let counted = counted(&policy, &found);
                for circumstances in &circumstances {
                    hold_laws(&policy, &found, &counted, *circumstances);
                    judged += 1;
                }
            }
        }
    }
    println!("{judged} combinations were judged");
    assert!(judged > 1_000_000, "{judged}");
}

/// The configuration offers no such word; a slip there must not deliver a virus
/// or lose a part.
#[test]
fn a_word_that_the_law_forbids_is_not_obeyed() {
    let options = Way::Channel { voice: Voice::Options, release: Release::From63 };
    let circumstances =
        Circumstances { cleaning: Cleaning::NotTried, content: Content::Readable, way: options };
    let of = |result| Findings(vec![Finding { weight: Weight::Acquits, result, ..Finding::of("e") }]);
    for action in Action::NAMES.map(|(action, _)| action) {
        let policy = Policy {
            infected: action,
            unscannable: [Ruling::Act(action); Reason::NAMES.len()],
            error: [action; ErrorKind::NAMES.len()],
            without_options: action,
            ..Policy::default()
        };
        let infected = judge(&policy, &of(Ok(Verdict::from_name(b"Worm"))), circumstances);
        assert!(Action::INFECTED.contains(&infected.action), "{infected:?}");
        for result in
            [Ok(Verdict::unscannable(Reason::Encrypted)), Err(ScanError::new(ErrorKind::Failed, "x"))]
        {
            let judgement = judge(&policy, &of(result.clone()), circumstances);
            assert!(Action::NOT_SCANNED.contains(&judgement.action), "{judgement:?}");
            let mute = Way::Channel { voice: Voice::Mute, release: Release::From63 };
            let judgement = judge(&policy, &of(result), Circumstances { way: mute, ..circumstances });
            assert!(
                matches!(judgement.action, Action::Replace | Action::Defer) || action == Action::Pass,
                "{judgement:?}"
            );
        }
    }
}

/// Of two findings that are both no conviction the stricter line decides,
/// whichever kind it is of.
#[test]
fn the_stricter_line_decides() {
    let options = Way::Channel { voice: Voice::Options, release: Release::From63 };
    let circumstances =
        Circumstances { cleaning: Cleaning::NotTried, content: Content::Readable, way: options };
    let results = [
        Ok(Verdict::unscannable(Reason::Encrypted)),
        Ok(Verdict::unscannable(Reason::Macros)),
        Err(ScanError::new(ErrorKind::TimedOut, "x")),
        Err(ScanError::new(ErrorKind::Blind, "y")),
    ];
    let rank = |action| {
        [Action::Pass, Action::Replace, Action::Hold, Action::Defer].iter().position(|a| *a == action)
    };
    let of = |result: &Result<Verdict, ScanError>| Finding {
        weight: Weight::Acquits,
        result: result.clone(),
        ..Finding::of("e")
    };
    for one in &results {
        for other in results.iter().filter(|other| *other != one) {
            for first in Action::NOT_SCANNED {
                for second in Action::NOT_SCANNED {
                    let mut policy = Policy::default();
                    write(&mut policy, &of(one), Ruling::Act(first));
                    write(&mut policy, &of(other), Ruling::Act(second));
                    let judgement = judge(&policy, &Findings(vec![of(one), of(other)]), circumstances);
                    let stricter = if rank(first) > rank(second) { first } else { second };
                    assert_eq!(judgement.action, stricter, "{one:?} {first:?} {other:?} {second:?}");
                    if rank(first) != rank(second) {
                        let decided = if rank(first) > rank(second) { one } else { other };
                        assert_eq!(&judgement.worst, decided);
                    }
                }
            }
        }
    }
}
