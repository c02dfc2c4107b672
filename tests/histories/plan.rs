//! The plan of a history: what its clients do, and which of their calls to DynamoDB fail. The seed determines the plan.

use std::{iter, ops::Range, sync::Arc, time::Duration};

use fastrand::Rng;

use crate::{
    action::Plain,
    specification::{Action, IDS, Id, KEYS, Operation, Tag, Write},
    support::Fault,
};

/// Chooses an action on an id. The last number is how many ids the history has.
type Choose = fn(&mut Rng, Id, usize) -> Arc<dyn Action>;

/// The actions, each with its share of the requests.
const ACTIONS: &[(usize, Choose)] = &[
    (3, |_, id, _| Arc::new(Plain::Create(id))),
    (2, |_, id, _| Arc::new(Plain::Read(id))),
    (1, |random, _, _| Arc::new(Plain::List(random.usize(1..=IDS)))),
    (4, |random, id, _| Arc::new(Plain::Update(id, random.bool()))),
    (3, |_, id, _| Arc::new(Plain::Delete(id))),
    (3, crate::rename::any),
];

/// The numbers of all writes.
pub const WRITES: Range<Write> = 1..3_000;

const FAULTS: [fn() -> Fault; 9] = [
    || Fault::None,
    || Fault::ResponseLost,
    || Fault::LateResponse,
    || Fault::ServerErrorAfter,
    || Fault::Reset,
    || Fault::Hang,
    || Fault::ServerError,
    || Fault::Throttled,
    || Fault::Conflict,
];

/// How many faults, after the first entry, let DynamoDB carry out a call whose outcome the service does not learn.
const CARRIED_OUT: usize = 3;

/// One operation of a client.
pub struct Step {
    /// How long the client waits before the operation.
    pub pause: Duration,
    pub operation: Operation,
    /// The faults of its calls to DynamoDB, one for each call.
    pub faults: Vec<Fault>,
    /// How many of its attempts to write, from the first one on, the emulator carries out only after the SDK's timeout.
    pub overdue: usize,
}

/// The steps of each client, in three rounds. In the first round, one client creates some movies. In the second round,
/// one to four clients act at the same time. In the third round, another client reads each movie. One history in seven has one
/// client, and one in eight has no faults.
pub fn rounds(random: &mut Rng) -> [Vec<Vec<Step>>; 3] {
    let ids = random.usize(1..=IDS);
    let made: Vec<_> = (0..ids).filter(|_| random.u8(..3) > 0).collect();
    let keyed = keyed(random, ids);
    let has_faults = random.u8(..8) > 0;
    let count = random.usize(1..=7) / 2 + 1;
    let longest = 12 / count;
    let mut clients = Vec::new();
    for client in 1..=count {
        let steps = 0..random.usize(1..=longest);
        let step = |number| {
            let step = step(random, ids, write(client, number), &keyed);
            if has_faults { step } else { Step { faults: Vec::new(), overdue: 0, ..step } }
        };
        clients.push(steps.map(step).collect());
    }
    let plain = |client, actions: Vec<Plain>| {
        let step = |(number, action)| Step {
            pause: Duration::ZERO,
            operation: plain(write(client, number), Arc::new(action)),
            faults: Vec::new(),
            overdue: 0,
        };
        vec![actions.into_iter().enumerate().map(step).collect()]
    };
    let made = plain(0, made.into_iter().map(Plain::Create).collect());
    [made, clients, plain(count + 1, (0..IDS).map(Plain::Read).collect())]
}

/// The number of a client's operation.
fn write(client: usize, number: usize) -> Write {
    client * 100 + number + 1
}

/// An operation without preconditions and key.
fn plain(write: Write, action: Arc<dyn Action>) -> Operation {
    Operation { write, action, if_match: None, if_none_match: None, key: None }
}

/// The requests with a key. Every client can send each of them, also several times. Two different requests can have the
/// same key.
fn keyed(random: &mut Rng, ids: usize) -> Vec<Operation> {
    let mut operations = Vec::new();
    for key in 0..random.usize(..=KEYS) {
        let count = if random.u8(..3) == 0 { 2 } else { 1 };
        for number in 0..count {
            let action = loop {
                let action = action(random, ids);
                // A delete has no body, so it can be the same request as the first one with this key.
                if !(action.method() == "GET" || number > 0 && action.method() == "DELETE") {
                    break action;
                }
            };
            let write = 1_000 * (key + 1) + number + 1;
            operations.push(Operation { key: Some(key), ..conditional(random, write, action) });
        }
    }
    operations
}

fn step(random: &mut Rng, ids: usize, write: Write, keyed: &[Operation]) -> Step {
    let operation = match random.choice(keyed) {
        Some(operation) if random.u8(..5) < 2 => operation.clone(),
        _ => {
            let action = action(random, ids);
            conditional(random, write, action)
        }
    };
    let is_overdue = random.u8(..10) == 0;
    Step {
        pause: Duration::from_millis(if random.u8(..8) == 0 { random.u64(..2_500) } else { random.u64(..40) }),
        faults: faults(random, operation.key.is_some()).into_iter().map(|fault| FAULTS[fault]()).collect(),
        operation,
        overdue: if is_overdue { random.usize(1..=4) } else { 0 },
    }
}

/// An operation that may have preconditions.
fn conditional(random: &mut Rng, write: Write, action: Arc<dyn Action>) -> Operation {
    // The ETag of a listing belongs to a page, not to a movie.
    if action.is_listing() {
        return plain(write, action);
    }
    // A create with If-Match never writes, so it should be rare.
    let if_match = tag(random, if action.method() == "POST" { 16 } else { 3 });
    Operation { if_match, if_none_match: tag(random, 6), ..plain(write, action) }
}

fn action(random: &mut Rng, ids: usize) -> Arc<dyn Action> {
    let id = random.usize(..ids);
    let shares: Vec<_> = ACTIONS.iter().flat_map(|(share, choose)| iter::repeat_n(choose, *share)).collect();
    random.choice(&shares).unwrap()(random, id, ids)
}

/// The value of a precondition. One request in `rarity` has one.
fn tag(random: &mut Rng, rarity: u8) -> Option<Tag> {
    if random.u8(..rarity) > 0 {
        return None;
    }
    Some(match random.u8(..8) {
        0 => Tag::Any,
        1 => Tag::Unknown,
        2..7 => Tag::Seen(0),
        _ => Tag::Seen(random.usize(1..4)),
    })
}

/// The faults of an operation, as indexes. About half of the operations have faults, at most one for each attempt. In a third of
/// these attempts, DynamoDB carries out the call, but the service does not learn it. A write with a key makes more calls than
/// others. For a quarter of these writes, all calls after the first few fail, so that a write can happen although the service
/// never gets a successful response.
fn faults(random: &mut Rng, is_keyed: bool) -> Vec<usize> {
    if is_keyed && random.u8(..4) == 0 {
        let before = random.usize(..4);
        return (0..before + 12).map(|call| if call < before { 0 } else { random.usize(1..FAULTS.len()) }).collect();
    }
    let count = if random.bool() { 0 } else { random.usize(1..=5) };
    let mut fault = || match random.u8(..3) {
        0 => 0,
        1 => random.usize(1..=CARRIED_OUT),
        _ => random.usize(..FAULTS.len()),
    };
    (0..count).map(|_| fault()).collect()
}
