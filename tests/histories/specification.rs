//! The sequential specification: what each operation does and responds if the operations run one after the other.

use serde_json::Value;
use stateright::semantics::SequentialSpec;

use crate::plan::{IDS, IMAGE};

/// An index into [`IDS`].
pub type Id = usize;

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
    /// The version comes from the image, because each write sets the image.
    pub version: Write,
    pub description: Write,
    pub cast: Write,
}

impl Movie {
    /// Parses the movie in a response's body.
    pub fn read(body: &Value) -> Result<Self, String> {
        let read = || {
            let id = IDS.iter().position(|id| body["title"] == id.title && body["year"] == id.year)?;
            let version = body["image"].as_str()?.strip_prefix(IMAGE)?.parse().ok()?;
            let description = body["description"].as_str()?.parse().ok()?;
            let cast = body["cast"][0].as_str()?.parse().ok()?;
            Some(Self { id, version, description, cast })
        };
        read().ok_or_else(|| format!("nobody wrote {body}"))
    }
}

/// The fields that a patch sets in addition to the image.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Fields {
    pub description: bool,
    pub cast: bool,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Action {
    Create(Id),
    Read(Id),
    /// The part of a listing that concerns one id. A listing is not a snapshot: it reads each id at a different moment.
    List(Id),
    Update(Id, Fields),
    Rename(Id, Id, Fields),
    Delete(Id),
}

impl Action {
    /// The id that the request names.
    pub fn id(self) -> Id {
        match self {
            Self::Create(id)
            | Self::Read(id)
            | Self::List(id)
            | Self::Update(id, _)
            | Self::Rename(id, ..)
            | Self::Delete(id) => id,
        }
    }
}

/// The versions that a precondition names.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Named {
    /// `*`
    Any,
    /// The ETag of the version that this operation wrote.
    Of(Write),
    /// An ETag that no movie has.
    Unknown,
}

impl Named {
    fn contains(self, version: Write) -> bool {
        match self {
            Self::Any => true,
            Self::Of(one) => one == version,
            Self::Unknown => false,
        }
    }
}

#[derive(Clone, Copy, Debug)]
pub struct Operation {
    pub write: Write,
    pub action: Action,
    pub key: Option<Key>,
    pub if_match: Option<Named>,
    pub if_none_match: Option<Named>,
}

impl Operation {
    fn is_required(&self, version: Write) -> bool {
        self.if_match.is_none_or(|named| named.contains(version))
    }

    fn is_unwanted(&self, version: Write) -> bool {
        self.if_none_match.is_some_and(|named| named.contains(version))
    }

    fn may_change(&self, version: Write) -> bool {
        self.is_required(version) && !self.is_unwanted(version)
    }
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Response {
    pub status: u64,
    /// The write that the ETag identifies.
    pub version: Option<Write>,
    /// The movie in the body.
    pub movie: Option<Movie>,
    /// Whether it is the response to an earlier request.
    pub replayed: bool,
}

impl Response {
    pub fn of(status: u64) -> Self {
        Self { status, version: None, movie: None, replayed: false }
    }

    fn showing(movie: Movie) -> Self {
        Self { version: Some(movie.version), movie: Some(movie), ..Self::of(200) }
    }
}

#[derive(Clone, Copy, Debug)]
struct Stored {
    movie: Movie,
    /// The previous version.
    previous: Option<Write>,
}

impl Stored {
    /// Whether one of the last two versions is that of `write`. If so, the write does not happen again.
    fn shows(&self, write: Write) -> bool {
        self.movie.version == write || self.previous == Some(write)
    }
}

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
        if response.status == 304 && response.version.is_none() {
            expected.version = None;
        }
        expected == *response
    }

    /// After a request with a key has succeeded, neither this request nor another one with the key is carried out.
    fn invoke(&mut self, operation: &Operation) -> Response {
        let Some(key) = operation.key else { return self.movies.carry_out(operation) };
        match self.keys[key] {
            Some((write, response)) if write == operation.write => Response { replayed: true, ..response },
            Some(_) => Response::of(422),
            None => {
                let response = self.movies.carry_out(operation);
                self.keys[key] = (response.status == 200).then_some((operation.write, response));
                response
            }
        }
    }
}

/// All movies, by id.
#[derive(Clone, Copy, Debug, Default)]
struct Movies([Option<Stored>; IDS.len()]);

impl Movies {
    fn carry_out(&mut self, operation: &Operation) -> Response {
        match operation.action {
            Action::Create(id) => self.create(id, operation),
            Action::Read(id) => self.read(id, operation),
            Action::List(id) => match self.0[id] {
                None => Response::of(404),
                Some(Stored { movie, .. }) => Response { movie: Some(movie), ..Response::of(200) },
            },
            Action::Update(id, fields) => self.update(id, fields, operation),
            Action::Rename(id, to, fields) => self.rename(id, to, fields, operation),
            Action::Delete(id) => match self.0[id] {
                None => Response::of(404),
                Some(found) if !operation.may_change(found.movie.version) => Response::of(412),
                Some(_) => {
                    self.0[id] = None;
                    Response::of(200)
                }
            },
        }
    }

    fn create(&mut self, id: Id, operation: &Operation) -> Response {
        let write = operation.write;
        let movie = Movie { id, version: write, description: write, cast: write };
        match self.0[id] {
            None if operation.if_match.is_some() => Response::of(412),
            Some(found) if !operation.is_required(found.movie.version) => Response::of(412),
            Some(found) if found.shows(write) => Response::showing(movie),
            Some(_) => Response::of(409),
            None => {
                self.0[id] = Some(Stored { movie, previous: None });
                Response::showing(movie)
            }
        }
    }

    fn read(&self, id: Id, operation: &Operation) -> Response {
        match self.0[id].map(|found| found.movie) {
            None => Response::of(404),
            Some(movie) if !operation.is_required(movie.version) => Response::of(412),
            Some(movie) if operation.is_unwanted(movie.version) => {
                Response { version: Some(movie.version), ..Response::of(304) }
            }
            Some(movie) => Response::showing(movie),
        }
    }

    fn update(&mut self, id: Id, fields: Fields, operation: &Operation) -> Response {
        match self.0[id] {
            None => Response::of(404),
            Some(found) if found.shows(operation.write) => Response::showing(found.movie),
            Some(found) if !operation.may_change(found.movie.version) => Response::of(412),
            Some(found) => {
                let movie = changed(found.movie, fields, operation.write);
                self.0[id] = Some(Stored { movie, previous: Some(found.movie.version) });
                Response::showing(movie)
            }
        }
    }

    fn rename(&mut self, id: Id, to: Id, fields: Fields, operation: &Operation) -> Response {
        match self.0[id] {
            None => Response::of(404),
            Some(found) if !operation.may_change(found.movie.version) => Response::of(412),
            Some(_) if self.0[to].is_some() => Response::of(409),
            Some(found) => {
                let movie = Movie { id: to, ..changed(found.movie, fields, operation.write) };
                self.0[id] = None;
                self.0[to] = Some(Stored { movie, previous: None });
                Response::showing(movie)
            }
        }
    }
}

fn changed(movie: Movie, fields: Fields, write: Write) -> Movie {
    Movie {
        version: write,
        description: if fields.description { write } else { movie.description },
        cast: if fields.cast { write } else { movie.cast },
        ..movie
    }
}
