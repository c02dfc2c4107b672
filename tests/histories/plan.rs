//! The plan of a history: what its clients do, and which of their calls to DynamoDB fail. The seed determines the plan.

use std::{fmt, time::Duration};

use fastrand::Rng;

use crate::{
    specification::{Action, Fields, Id, KEYS, Key, Write},
    support::Fault,
};

/// The ids of the movies.
pub const IDS: [MovieId; 3] =
    [MovieId { title: "A", year: 2000 }, MovieId { title: "A", year: 2001 }, MovieId { title: "B", year: 2000 }];

/// The beginning of each movie's image. The number of the write that set the image follows.
pub const IMAGE: &str = "https://example.org/";

#[derive(Clone, Copy, Debug)]
pub struct MovieId {
    pub title: &'static str,
    pub year: u16,
}

impl fmt::Display for MovieId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.title, self.year)
    }
}

/// A fault and its name.
type NamedFault = (&'static str, fn() -> Fault);

pub const FAULTS: [NamedFault; 9] = [
    ("-", || Fault::None),
    ("lost", || Fault::ResponseLost),
    ("cut", || Fault::Reset),
    ("late", || Fault::LateResponse),
    ("silent", || Fault::Hang),
    ("500 before", || Fault::ServerError),
    ("500 after", || Fault::ServerErrorAfter),
    ("throttled", || Fault::Throttled),
    ("conflict", || Fault::Conflict),
];

/// One operation of a client.
#[derive(Clone, Debug)]
pub struct Step {
    /// How long the client waits before the operation.
    pub pause: Duration,
    pub request: Request,
    /// The faults of its calls to DynamoDB, one for each call, as indexes into [`FAULTS`].
    pub faults: Vec<usize>,
    /// How many of its attempts to write, from the first one on, the emulator carries out only after the SDK's timeout.
    pub overdue: usize,
}

/// A client's request.
#[derive(Clone, Copy, Debug)]
pub struct Request {
    /// The number of the request. A repeated request has the same number.
    pub write: Write,
    pub action: Action,
    pub if_match: Tag,
    pub if_none_match: Tag,
    /// Its `Idempotency-Key`, if it has one.
    pub key: Option<Key>,
}

/// The value of `If-Match` or `If-None-Match`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Tag {
    /// The request does not have the header.
    Absent,
    Any,
    /// An ETag that no movie has.
    Unknown,
    /// An ETag from an earlier response to any client. 0 is the latest one, 1 is the one before it.
    Seen(usize),
}

/// The steps of each client, in three rounds. In the first round, one client creates some movies. In the second round,
/// several clients act at the same time. In the third round, another client reads each movie.
pub fn rounds(random: &mut Rng) -> [Vec<Vec<Step>>; 3] {
    let ids = random.usize(1..=IDS.len());
    let made: Vec<_> = (0..ids).filter(|_| random.u8(..3) > 0).collect();
    let keyed = keyed(random, ids);
    let count = random.usize(2..=4);
    let longest = 12 / count;
    let mut clients = Vec::new();
    for client in 1..=count {
        let steps = 0..random.usize(1..=longest);
        clients.push(steps.map(|number| step(random, ids, write(client, number), &keyed)).collect());
    }
    let plain = |client, actions: Vec<Action>| {
        let steps = actions.into_iter().enumerate();
        vec![steps.map(|(number, action)| Step::plain(write(client, number), action)).collect()]
    };
    let made = plain(0, made.into_iter().map(Action::Create).collect());
    [made, clients, plain(count + 1, (0..IDS.len()).map(Action::Read).collect())]
}

/// The number of a client's operation.
fn write(client: usize, number: usize) -> Write {
    client * 100 + number + 1
}

/// The requests with a key. Every client can send each of them, also several times. Two different requests can have the
/// same key.
fn keyed(random: &mut Rng, ids: usize) -> Vec<Request> {
    let mut requests = Vec::new();
    for key in 0..random.usize(..=KEYS) {
        let count = if random.u8(..3) == 0 { 2 } else { 1 };
        for number in 0..count {
            let action = loop {
                match action(random, ids) {
                    Action::Read(_) | Action::List(_) => {}
                    // A delete has no body, so it can be the same request as the first one with this key.
                    Action::Delete(_) if number > 0 => {}
                    write => break write,
                }
            };
            requests.push(Request { key: Some(key), ..request(random, 1_000 * (key + 1) + number + 1, action) });
        }
    }
    requests
}

impl Step {
    /// A step without a pause, preconditions, a key or faults.
    fn plain(write: Write, action: Action) -> Self {
        let request = Request { write, action, if_match: Tag::Absent, if_none_match: Tag::Absent, key: None };
        Self { pause: Duration::ZERO, request, faults: Vec::new(), overdue: 0 }
    }
}

fn step(random: &mut Rng, ids: usize, write: Write, keyed: &[Request]) -> Step {
    let request = match random.choice(keyed) {
        Some(request) if random.u8(..5) < 2 => *request,
        _ => {
            let action = action(random, ids);
            request(random, write, action)
        }
    };
    let is_overdue = random.u8(..10) == 0;
    Step {
        pause: Duration::from_millis(if random.u8(..8) == 0 { random.u64(..2_500) } else { random.u64(..40) }),
        request,
        faults: faults(random, request.key.is_some()),
        overdue: if is_overdue { random.usize(1..=4) } else { 0 },
    }
}

fn request(random: &mut Rng, write: Write, action: Action) -> Request {
    let rarities = match action {
        // The ETag of a listing belongs to a page, not to a movie.
        Action::List(_) => None,
        // A create with If-Match never writes, so it should be rare.
        Action::Create(_) => Some((16, 6)),
        _ => Some((3, 6)),
    };
    let if_match = rarities.map_or(Tag::Absent, |(if_match, _)| tag(random, if_match));
    let if_none_match = rarities.map_or(Tag::Absent, |(_, if_none_match)| tag(random, if_none_match));
    Request { write, action, if_match, if_none_match, key: None }
}

fn action(random: &mut Rng, ids: usize) -> Action {
    let id: Id = random.usize(..ids);
    match random.u8(..16) {
        0..3 => Action::Create(id),
        3..5 => Action::Read(id),
        5 => Action::List(0),
        6..9 => Action::Delete(id),
        9..12 if ids > 1 => Action::Rename(id, (id + random.usize(1..ids)) % ids, fields(random)),
        _ => Action::Update(id, fields(random)),
    }
}

fn fields(random: &mut Rng) -> Fields {
    Fields { description: random.bool(), cast: random.bool() }
}

/// The value of a precondition. One request in `rarity` has one.
fn tag(random: &mut Rng, rarity: u8) -> Tag {
    match random.u8(..rarity) {
        0 => match random.u8(..8) {
            0 => Tag::Any,
            1 => Tag::Unknown,
            2..7 => Tag::Seen(0),
            _ => Tag::Seen(random.usize(1..4)),
        },
        _ => Tag::Absent,
    }
}

/// The faults of an operation. About half of the operations have faults, at most one for each attempt. A write with a key
/// makes more calls than others. For a quarter of these writes, all calls after the first few fail, so that a write can
/// happen although the service never gets a successful response.
fn faults(random: &mut Rng, is_keyed: bool) -> Vec<usize> {
    if is_keyed && random.u8(..4) == 0 {
        let before = random.usize(..4);
        return (0..before + 12).map(|call| if call < before { 0 } else { random.usize(1..FAULTS.len()) }).collect();
    }
    let count = if random.bool() { 0 } else { random.usize(1..=5) };
    (0..count).map(|_| if random.u8(..3) == 0 { 0 } else { random.usize(..FAULTS.len()) }).collect()
}
