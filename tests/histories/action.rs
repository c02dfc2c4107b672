//! The actions that every service has.

use serde_json::Value;

use crate::{
    movie,
    specification::{Action, Id, Movie, Movies, Operation, Response, Stored, Write},
    support::{collection, new},
};

#[derive(Clone, Copy, Debug)]
pub enum Plain {
    Create(Id),
    Read(Id),
    /// Lists all movies, in pages of up to so many. It is checked as a read of each id.
    List(usize),
    /// Sets the field that each write sets, and perhaps the other one.
    Update(Id, bool),
    Delete(Id),
}

impl Action for Plain {
    fn method(&self) -> &'static str {
        match self {
            Self::Create(_) => "POST",
            Self::Read(_) | Self::List(_) => "GET",
            Self::Update(..) => "PUT",
            Self::Delete(_) => "DELETE",
        }
    }

    fn path(&self) -> String {
        match *self {
            Self::Create(_) => collection().to_owned(),
            Self::List(limit) => format!("{}?limit={limit}", collection()),
            Self::Read(id) | Self::Update(id, _) | Self::Delete(id) => new(id).path,
        }
    }

    fn body(&self, write: Write) -> Value {
        match *self {
            Self::Create(id) => movie::created(id, write),
            Self::Update(_, sets_other) => movie::patch(write, sets_other),
            _ => Value::Null,
        }
    }

    fn is_listing(&self) -> bool {
        matches!(self, Self::List(_))
    }

    fn is_transaction(&self) -> bool {
        matches!(self, Self::Delete(_))
    }

    fn carry_out(&self, movies: &mut Movies, operation: &Operation) -> Response {
        let write = operation.write;
        match *self {
            Self::Create(id) => {
                let movie = Movie { id, version: write, other: write };
                match movies[id] {
                    None if operation.if_match.is_some() => Response::of(412),
                    Some(found) if !operation.is_required(found.movie.version) => Response::of(412),
                    Some(found) if found.shows(write) => Response::showing(movie),
                    Some(_) => Response::of(409),
                    None => {
                        movies[id] = Some(Stored { movie, previous: None });
                        Response::showing(movie)
                    }
                }
            }
            Self::Read(id) => match movies[id].map(|found| found.movie) {
                None => Response::of(404),
                Some(movie) if !operation.is_required(movie.version) => Response::of(412),
                Some(movie) if operation.is_unwanted(movie.version) => {
                    Response { unchanged: Some(movie.version), ..Response::of(304) }
                }
                Some(movie) => Response::showing(movie),
            },
            Self::List(_) => unreachable!("a listing is checked id by id"),
            Self::Update(id, sets_other) => match movies[id] {
                None => Response::of(404),
                Some(found) if found.shows(write) => Response::showing(found.movie),
                Some(found) if !operation.may_change(found.movie.version) => Response::of(412),
                Some(found) => {
                    let movie = found.movie.changed(write, sets_other);
                    movies[id] = Some(Stored { movie, previous: Some(found.movie.version) });
                    Response::showing(movie)
                }
            },
            Self::Delete(id) => match movies[id] {
                None => Response::of(404),
                Some(found) if !operation.may_change(found.movie.version) => Response::of(412),
                Some(_) => {
                    movies[id] = None;
                    Response::of(200)
                }
            },
        }
    }
}
