//! What the clients of a history do, and which faults they meet: all of it follows from a seed.

use std::{fmt, time::Duration};

use fastrand::Rng;

use crate::{
    specification::{Action, Fields, Id},
    support::Fault,
};

/// The ids of the movies.
pub const IDS: [MovieId; 3] =
    [MovieId { title: "A", year: 2000 }, MovieId { title: "A", year: 2001 }, MovieId { title: "B", year: 2000 }];

/// What an image begins with, before the number of the write that set it.
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

/// One client's next operation.
#[derive(Clone, Debug)]
pub struct Step {
    /// How long the client waits before it.
    pub pause: Duration,
    pub action: Action,
    pub if_match: Tag,
    pub if_none_match: Tag,
    /// What its calls to DynamoDB meet, one each: indexes into [`FAULTS`].
    pub faults: Vec<usize>,
    /// How many of its first calls are carried out only after their attempt has timed out.
    pub overdue: usize,
}

/// What a precondition names.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Tag {
    /// There is no such header.
    Absent,
    Any,
    /// An ETag that no movie has.
    Unknown,
    /// An ETag that a response to some client showed: the last one, or one that is so many responses older.
    Seen(usize),
}

/// The steps of each client. The first client makes some movies, before the others begin.
pub fn clients(random: &mut Rng) -> Vec<Vec<Step>> {
    let ids = random.usize(1..=IDS.len());
    let setup = (0..ids).filter(|_| random.u8(..3) > 0).map(|id| Step::plain(Action::Create(id))).collect();
    let count = random.usize(2..=4);
    let longest = 12 / count;
    let clients = (0..count).map(|_| (0..random.usize(1..=longest)).map(|_| step(random, ids)).collect());
    [setup].into_iter().chain(clients.collect::<Vec<_>>()).collect()
}

impl Step {
    /// An operation without any fault.
    pub fn plain(action: Action) -> Self {
        Self {
            pause: Duration::ZERO,
            action,
            if_match: Tag::Absent,
            if_none_match: Tag::Absent,
            faults: Vec::new(),
            overdue: 0,
        }
    }
}

fn step(random: &mut Rng, ids: usize) -> Step {
    let action = action(random, ids);
    let rarities = match action {
        // Its ETag is that of a page.
        Action::List(_) => None,
        // One with If-Match never writes.
        Action::Create(_) => Some((16, 6)),
        _ => Some((3, 6)),
    };
    let is_overdue = random.u8(..10) == 0 && matches!(action, Action::Create(_) | Action::Update(..));
    Step {
        pause: Duration::from_millis(if random.u8(..8) == 0 { random.u64(..2_500) } else { random.u64(..40) }),
        if_match: rarities.map_or(Tag::Absent, |(if_match, _)| tag(random, if_match)),
        if_none_match: rarities.map_or(Tag::Absent, |(_, if_none_match)| tag(random, if_none_match)),
        faults: faults(random),
        overdue: if is_overdue { random.usize(1..=4) } else { 0 },
        action,
    }
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

/// One request of `rarity` has such a precondition.
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

/// Half of the operations meet faults, up to one for each attempt.
fn faults(random: &mut Rng) -> Vec<usize> {
    let count = if random.bool() { 0 } else { random.usize(1..=5) };
    (0..count).map(|_| if random.u8(..3) == 0 { 0 } else { random.usize(..FAULTS.len()) }).collect()
}
