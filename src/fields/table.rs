//! What is made from the one table of a movie's fields.
//!
//! The table is the struct [`Movie`](crate::movie::Movie). Whatever has to name every field once more is made here, so a field
//! that is added to the table is read, checked, patched, stored, listed and described. What depends on a field's type is
//! in [`Field`](super::field::Field), and what depends on whether it is optional in [`Member`](super::field::Member).

macro_rules! fields {
    (
        $sent:ident, $patch:ident;
        $(#[$attribute:meta])*
        pub struct $entity:ident {
            $($(#[doc = $text:literal])+ pub $field:ident: $type:ty,)+
        }
    ) => {
        $(#[$attribute])*
        pub struct $entity {
            $($(#[doc = $text])+ #[serde(skip_serializing_if = "Member::is_absent")] pub $field: $type,)+
        }

        impl $entity {
            /// The names of the fields.
            pub const FIELDS: &[&str] = &[$(stringify!($field)),+];

            /// The description of each field.
            #[cfg(feature = "local")]
            pub(crate) fn descriptions() -> Vec<schema::Description> {
                vec![$(schema::Description::of::<$type>(stringify!($field), &[$($text),+])),+]
            }
        }

        /// What a client sent: each field absent, null or a value.
        #[derive(Default)]
        struct $sent {
            $($field: Sent<<$type as Member>::Value>,)+
        }

        impl $sent {
            fn read(json: &[u8], errors: &mut FieldErrors) -> Result<Self, Invalid> {
                let mut sent = Self::default();
                let object = serde_json::from_slice(json).map_err(|error| Invalid::Json(error.to_string()))?;
                let Object(members) = object;
                for (name, value) in members {
                    match name.as_str() {
                        $(stringify!($field) => sent.$field.receive(value, concat!("/", stringify!($field)), errors),)+
                        unknown => errors.add_unknown(unknown, $entity::FIELDS),
                    }
                }
                Ok(sent)
            }

            fn into_movie(self, mut errors: FieldErrors) -> Result<$entity, Invalid> {
                let Self { $($field),+ } = self;
                $(let $field = Member::of_movie($field, concat!("/", stringify!($field)), &mut errors);)+
                let movie = || Some($entity { $($field: $field?),+ });
                errors.or(movie())
            }

            fn into_patch(self, mut errors: FieldErrors) -> Result<$patch, Invalid> {
                let Self { $($field),+ } = self;
                $(let $field = Member::of_patch($field, concat!("/", stringify!($field)), &mut errors);)+
                let patch = || Some($patch { $($field: $field?),+ });
                errors.or(patch())
            }
        }

        /// What to do to each field. Serializes to the JSON Merge Patch (RFC 7396) that it was read from.
        #[derive(Clone, Debug, Default, PartialEq, Serialize)]
        pub struct $patch {
            $($(#[doc = $text])+ #[serde(skip_serializing_if = "Change::is_keep")] pub $field: Change<$type>,)+
        }

        impl $patch {
            /// What the patch makes of it.
            #[must_use]
            pub fn apply(&self, movie: $entity) -> $entity {
                let Self { $($field),+ } = self.clone();
                $entity { $($field: $field.apply(movie.$field)),+ }
            }
        }
    };
}

pub(crate) use fields;
