//! What only movies have: odd titles, years and their index, renames, and the rules of the fields.

mod not_movies;
mod renames;
mod schemas;
mod titles;
mod values;
mod years;
