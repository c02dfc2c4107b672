//! One step of a random sequence: a client, its operation, the precondition, and the faults of DynamoDB calls.

use proptest::prelude::*;

use crate::support::Fault;

/// There are few titles and years, so that operations use the same movies.
pub const TITLES: [&str; 4] = ["A", "A-1", "Face/Off", "é?"];
pub const YEARS: [u16; 2] = [1, 2020];

#[derive(Clone, Debug)]
pub struct Step {
    pub client: usize,
    pub operation: Operation,
    /// The write's preconditions.
    pub if_match: Tags,
    pub if_none_match: Tags,
    pub faults: Vec<u8>,
}

/// What a precondition names.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Tags {
    /// The header is absent.
    Absent,
    Any,
    /// An ETag that a movie never has.
    Empty,
    /// The ETag that the client saw last.
    Seen,
}

#[derive(Clone, Debug)]
pub enum Operation {
    Create { id: (usize, usize), text: u8 },
    Read { id: (usize, usize) },
    Update { id: (usize, usize), text: Option<u8>, cast: Option<u8> },
    Rename { id: (usize, usize), to: (Option<usize>, Option<usize>), text: Option<u8> },
    Delete { id: (usize, usize) },
    List { year: Option<usize>, limit: usize },
}

fn any_id() -> impl Strategy<Value = (usize, usize)> {
    (0..TITLES.len(), 0..YEARS.len())
}

fn any_operation() -> impl Strategy<Value = Operation> {
    let text = || prop::option::of(0..4_u8);
    prop_oneof![
        3 => (any_id(), 0..4_u8).prop_map(|(id, text)| Operation::Create { id, text }),
        2 => any_id().prop_map(|id| Operation::Read { id }),
        3 => (any_id(), text(), text()).prop_map(|(id, text, cast)| Operation::Update { id, text, cast }),
        3 => (any_id(), (prop::option::of(0..TITLES.len()), prop::option::of(0..YEARS.len())), text())
            .prop_map(|(id, to, text)| Operation::Rename { id, to, text }),
        2 => any_id().prop_map(|id| Operation::Delete { id }),
        1 => (prop::option::of(0..YEARS.len()), 1..4_usize).prop_map(|(year, limit)| Operation::List { year, limit }),
    ]
}

fn any_tags() -> impl Strategy<Value = Tags> {
    prop_oneof![8 => Just(Tags::Absent), 1 => Just(Tags::Any), 1 => Just(Tags::Empty), 3 => Just(Tags::Seen)]
}

/// A step with faults numbered as in [`fault`].
pub fn any_step(faults: impl Strategy<Value = Vec<u8>>) -> impl Strategy<Value = Step> {
    (0..2_usize, any_operation(), any_tags(), any_tags(), faults).prop_map(
        |(client, operation, if_match, if_none_match, faults)| Step {
            client,
            operation,
            if_match,
            if_none_match,
            faults,
        },
    )
}

/// Up to four faults.
pub fn any_faults() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(0..8_u8, 0..5)
}

pub fn fault(number: u8) -> Fault {
    match number {
        0 => Fault::None,
        1 => Fault::ResponseLost,
        2 => Fault::Reset,
        3 => Fault::Throttled,
        4 => Fault::ServerErrorAfter,
        5 => Fault::ServerError,
        6 => Fault::Conflict,
        _ => Fault::LateResponse,
    }
}
