//! A macro that generates code from an entity's table of fields.
//!
//! The table is a struct, such as [`Movie`](crate::movie::Movie). The macro generates all other code that names each
//! field. So a field that is added to the table is also parsed, checked, patched, stored and listed.

/// Generates from a struct: the type for what a client sends, and the patch. An optional function
/// checks what was sent as a whole, because fields that are valid alone can be invalid together.
macro_rules! fields {
    (
        $article:ident $noun:ident: $sent:ident, $patch:ident $(, $check:ident)?;
        #[doc = $summary:literal]
        $(#[$attribute:meta])*
        pub struct $entity:ident {
            $($(#[doc = $text:literal])+ pub $field:ident: $type:ty,)+
        }
    ) => {
        #[doc = $summary]
        $(#[$attribute])*
        pub struct $entity {
            $($(#[doc = $text])+ #[serde(skip_serializing_if = "crate::fields::Member::is_absent")] pub $field: $type,)+
        }

        impl $entity {
            /// Its name in texts for clients.
            pub const NOUN: $crate::fields::Noun = $crate::fields::Noun {
                one: stringify!($noun),
                with_article: concat!(stringify!($article), " ", stringify!($noun)),
            };

            /// The names of the fields.
            pub const FIELDS: &[&str] = &[$(stringify!($field)),+];

            /// Parses a JSON document that has every required field and only known fields.
            ///
            /// # Errors
            /// All invalid fields.
            pub fn from_json(json: &[u8]) -> Result<Self, $crate::fields::Invalid> {
                let ($sent { $($field),+ }, mut errors) = $sent::read(json)?;
                $(let $field = $crate::fields::Member::of_whole($field, concat!("/", stringify!($field)), &mut errors);)+
                let whole = || Some(Self { $($field: $field?),+ });
                errors.or(whole())
            }
        }

        /// What a client sent: each field absent, null or a value.
        #[derive(Default)]
        struct $sent {
            $($field: $crate::fields::Sent<<$type as $crate::fields::Member>::Value>,)+
        }

        impl $sent {
            fn read(json: &[u8]) -> Result<(Self, $crate::fields::FieldErrors), $crate::fields::Invalid> {
                let (mut sent, mut errors) = (Self::default(), $crate::fields::FieldErrors::default());
                for (name, value) in $crate::fields::Object::read(json)? {
                    match name.as_str() {
                        $(stringify!($field) => {
                            sent.$field.receive(value, concat!("/", stringify!($field)), &mut errors);
                        })+
                        unknown => errors.add_unknown(unknown, $entity::NOUN, $entity::FIELDS),
                    }
                }
                $($check(&sent, &mut errors);)?
                Ok((sent, errors))
            }
        }

        /// The change of each field. Serializes to the JSON Merge Patch (RFC 7396) that it was read from.
        #[derive(Clone, Debug, Default, PartialEq, serde::Serialize)]
        pub struct $patch {
            $(
                $(#[doc = $text])+
                #[serde(skip_serializing_if = "crate::fields::Change::is_keep")]
                pub $field: $crate::fields::Change<$type>,
            )+
        }

        impl $patch {
            /// Parses the fields to change from a JSON document that has at least one field and only known fields.
            ///
            /// # Errors
            /// All invalid fields. `null` removes an optional field, and is invalid for a required one.
            pub fn from_json(json: &[u8]) -> Result<Self, $crate::fields::Invalid> {
                let ($sent { $($field),+ }, mut errors) = $sent::read(json)?;
                $(let $field = $crate::fields::Member::of_patch($field, concat!("/", stringify!($field)), &mut errors);)+
                let patch = || Some(Self { $($field: $field?),+ });
                let patch = errors.or(patch())?;
                if patch == Self::default() { Err($crate::fields::Invalid::Empty) } else { Ok(patch) }
            }

            /// The entity after the patch.
            #[must_use]
            pub fn apply(&self, whole: $entity) -> $entity {
                let Self { $($field),+ } = self.clone();
                $entity { $($field: $field.apply(whole.$field)),+ }
            }
        }
    };
}

pub(crate) use fields;
