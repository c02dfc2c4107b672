//! The sequential specification: what each operation does and responds if the operations run one after the other.

use std::{fmt::Debug, sync::Arc};

use serde_json::Value;
use stateright::semantics::SequentialSpec;

/// The number of a movie in the fixture, which determines its id.
pub type Id = usize;

/// How many ids there are.
pub const IDS: usize = 3;

/// The number of an operation that writes. It becomes the movie's version, and is in each field that the operation sets.
pub type Write = usize;

/// An index into the keys of requests.
pub type Key = usize;

/// How many keys there are.
pub const KEYS: usize = 2;

/// A movie, as a response shows it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Movie {
    pub id: Id,
    /// The write that set the field that each write sets.
    pub version: Write,
    /// The write that set the field that only some writes set.
    pub other: Write,
}

/// What an operation does: its request, and its effect.
pub trait Action: Debug + Send + Sync {
    fn method(&self) -> &'static str;

    fn path(&self) -> String;

    /// The body of the request. Null if it has none.
    fn body(&self, write: Write) -> Value;

    /// Whether it reads each id at a different moment. DynamoDB's scan is not a snapshot.
    fn is_listing(&self) -> bool {
        false
    }

    /// Whether all attempts have one token, so that DynamoDB carries out only one of them.
    fn is_transaction(&self) -> bool;

    fn carry_out(&self, movies: &mut Movies, operation: &Operation) -> Response;
}

/// The value of `If-Match` or `If-None-Match`.
#[derive(Clone, Copy, Debug)]
pub enum Tag {
    /// `*`
    Any,
    /// An ETag that no movie has.
    Unknown,
    /// The ETag of the version that this operation wrote.
    Of(Write),
    /// An ETag from an earlier response to any client. 0 is the latest one, 1 is the one before it. When a client sends the
    /// request, it becomes `Of`.
    Seen(usize),
}

impl Tag {
    fn names(self, version: Write) -> bool {
        match self {
            Self::Any => true,
            Self::Of(write) => write == version,
            Self::Unknown | Self::Seen(_) => false,
        }
    }
}

#[derive(Clone, Debug)]
pub struct Operation {
    /// The number of the request. A repeated request has the same number.
    pub write: Write,
    pub action: Arc<dyn Action>,
    pub if_match: Option<Tag>,
    pub if_none_match: Option<Tag>,
    /// Its `Idempotency-Key`, if it has one.
    pub key: Option<Key>,
}

impl Operation {
    pub fn is_required(&self, version: Write) -> bool {
        self.if_match.is_none_or(|tag| tag.names(version))
    }

    pub fn is_unwanted(&self, version: Write) -> bool {
        self.if_none_match.is_some_and(|tag| tag.names(version))
    }

    pub fn may_change(&self, version: Write) -> bool {
        self.is_required(version) && !self.is_unwanted(version)
    }
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Response {
    pub status: u64,
    /// The movie in the body. `History` compares its ETag with its version.
    pub movie: Option<Movie>,
    /// The write that the ETag of a 304 identifies.
    pub unchanged: Option<Write>,
    /// Whether it is the response to an earlier request.
    pub replayed: bool,
}

impl Response {
    pub fn of(status: u64) -> Self {
        Self { status, movie: None, unchanged: None, replayed: false }
    }

    pub fn showing(movie: Movie) -> Self {
        Self { movie: Some(movie), ..Self::of(200) }
    }
}

#[derive(Clone, Copy, Debug)]
pub struct Stored {
    pub movie: Movie,
    /// The previous version.
    pub previous: Option<Write>,
}

impl Stored {
    /// Whether one of the last two versions is that of `write`. If so, the write does not happen again.
    pub fn shows(&self, write: Write) -> bool {
        self.movie.version == write || self.previous == Some(write)
    }
}

/// All movies, by id.
pub type Movies = [Option<Stored>; IDS];

/// The content of the service's tables.
#[derive(Clone, Copy, Debug, Default)]
pub struct Tables {
    movies: Movies,
    /// The first successful request with each key, and its response.
    keys: [Option<(Write, Response)>; KEYS],
}

impl SequentialSpec for Tables {
    type Op = Operation;
    type Ret = Response;

    /// If no other response shows the version of a 304, its ETag identifies no write, and is not compared.
    fn is_valid_step(&mut self, operation: &Operation, response: &Response) -> bool {
        let mut expected = self.invoke(operation);
        if response.unchanged.is_none() {
            expected.unchanged = None;
        }
        expected == *response
    }

    /// After a request with a key has succeeded, neither this request nor another one with the key is carried out.
    fn invoke(&mut self, operation: &Operation) -> Response {
        let carry_out = |movies| operation.action.carry_out(movies, operation);
        let Some(key) = operation.key else { return carry_out(&mut self.movies) };
        match self.keys[key] {
            Some((write, response)) if write == operation.write => Response { replayed: true, ..response },
            Some(_) => Response::of(422),
            None => {
                let response = carry_out(&mut self.movies);
                self.keys[key] = (response.status == 200).then_some((operation.write, response));
                response
            }
        }
    }
}
