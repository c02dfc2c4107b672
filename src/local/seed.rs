//! The seed file: the tutorial's document, `{"movies_list": [movie, …]}`.

use std::{fs, path::Path};

use serde::Deserialize;
use serde_json::{Value, value::RawValue};

use crate::{fields::Invalid, movie::Movie};

/// The errors in a seed file, each with its movie and field.
#[derive(Debug, Eq, PartialEq, thiserror::Error)]
#[error("{file}: {}", .problems.join("; "))]
pub struct SeedError {
    file: String,
    problems: Vec<String>,
}

#[derive(Deserialize)]
struct SeedFile<'a> {
    #[serde(borrow)]
    movies_list: Vec<&'a RawValue>,
}

/// Reads the seed file called `file` in `directory`.
///
/// # Errors
/// [`SeedError`].
pub(super) fn read(directory: &Path, file: &str) -> Result<Vec<Movie>, SeedError> {
    let json = fs::read(directory.join(file));
    let json = json.map_err(|error| SeedError { file: file.to_owned(), problems: vec![error.to_string()] })?;
    parse(file, &json)
}

/// Reads the content of the seed file called `file`.
///
/// # Errors
/// [`SeedError`], with every invalid field of every movie.
pub fn parse(file: &str, json: &[u8]) -> Result<Vec<Movie>, SeedError> {
    let fail = |problems| SeedError { file: file.to_owned(), problems };
    let document: SeedFile<'_> = serde_json::from_slice(json).map_err(|error| fail(vec![error.to_string()]))?;
    let mut movies = Vec::new();
    let mut problems = Vec::new();
    for (index, json) in document.movies_list.into_iter().enumerate() {
        let value = serde_json::from_str(json.get()).unwrap_or(Value::Null);
        let title = value.get("title").and_then(Value::as_str).unwrap_or("without a title");
        let place = format!("movie {} ({title})", index + 1);
        match Movie::from_json(json.get().as_bytes()) {
            Ok(movie) => movies.push(movie),
            Err(Invalid::Fields(errors)) => {
                problems.extend(errors.iter().map(|error| format!("{place}: {} {}", error.pointer, error.detail)));
            }
            Err(Invalid::Json(error)) => problems.push(format!("{place}: {error}")),
            Err(Invalid::Empty) => problems.push(format!("{place}: has no fields")),
        }
    }
    if problems.is_empty() { Ok(movies) } else { Err(fail(problems)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tutorials_two_movies_are_in_the_seed_file() {
        let movies = read(Path::new(env!("CARGO_MANIFEST_DIR")), "seed/movies.json").unwrap();
        let ids: Vec<_> = movies.iter().map(|movie| movie.id().unwrap().to_string()).collect();
        assert_eq!(ids, ["The Dare-2020", "Don't Click-2020"]);
        assert_eq!(movies[1].cast[0], "Valter Skarsgård");
    }

    #[test]
    fn a_broken_seed_names_the_file_the_movie_and_the_field() {
        let json = br#"{"movies_list":[{"title":"A","year":"2020","cast":[],"image":"https://x.org","description":""},
            7, {"title":"B","year":1,"cast":[2],"image":"https://x.org"}, {"title":"C","title":"D","year":1e400}]}"#;
        let error = parse("seed/movies.json", json).unwrap_err().to_string();
        for part in [
            "seed/movies.json: movie 1 (A): /year must be",
            "movie 2 (without a title): invalid type",
            "movie 3 (B): /cast/0 must be",
            "movie 3 (B): /description is required",
            "/title is given more than once",
            "/year must be",
        ] {
            assert!(error.contains(part), "{error}");
        }
        assert!(parse("x.json", b"{").unwrap_err().to_string().starts_with("x.json: EOF"));
        assert!(parse("x.json", b"[]").is_err());
    }
}
