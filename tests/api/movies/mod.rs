//! What only movies have: odd titles, years and their index, and the rules of the fields.

mod not_movies;
mod schemas;
mod titles;
mod values;
mod years;
