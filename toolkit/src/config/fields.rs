//! Fields of configurations: one list a class says how it is written and how it is read.

use super::Map;
use crate::layers::LayerOptions;
use crate::{Activation, Error, Result};
use serde_json::Value;

/// A class with a configuration; [`keras_config`] implements it from a list of fields.
pub(crate) trait Configured: Sized {
    const MODULE: &'static str;
    const CLASS: &'static str;
    /// An object with Keras's defaults, over which fields are read.
    fn blank() -> Self;
    fn write(&self, out: &mut Map) -> Result<()>;
    fn read(&mut self, fields: &mut Fields<'_>) -> Result<()>;

    /// The object of these fields.
    fn from_fields(map: &Map) -> Result<Self> {
        let mut fields = Fields::new(Self::CLASS, map);
        let mut object = Self::blank();
        object.read(&mut fields)?;
        fields.finish()?;
        Ok(object)
    }
}

/// A type of field.
pub(crate) trait Field: Sized {
    fn write(&self) -> Result<Value>;
    fn read(value: &Value) -> Result<Self>;
}

/// The fields of one configuration while they are read.
pub(crate) struct Fields<'a> {
    class: &'static str,
    map: &'a Map,
    known: Vec<&'static str>,
}

impl<'a> Fields<'a> {
    pub(super) fn new(class: &'static str, map: &'a Map) -> Self {
        Self { class, map, known: Vec::new() }
    }

    /// Reads a field into its place, if it is there.
    pub(crate) fn read<F: Field>(&mut self, key: &'static str, into: &mut F) -> Result<()> {
        self.known.push(key);
        if let Some(value) = self.map.get(key) {
            *into = F::read(value).map_err(|error| error.in_context(format_args!("field `{key}`")))?;
        }
        Ok(())
    }

    /// Reads a field that has no default.
    pub(crate) fn must<F: Field>(&mut self, key: &'static str, into: &mut F) -> Result<()> {
        if !self.map.contains_key(key) {
            return Err(Error::data(format!("the configuration of {} lacks the field `{key}`", self.class)));
        }
        self.read(key, into)
    }

    /// Takes a field that can have one value only.
    pub(crate) fn only(&mut self, key: &'static str, value: Value) -> Result<()> {
        self.known.push(key);
        match self.map.get(key) {
            Some(other) if *other != value => Err(Error::data(format!(
                "{}: the field `{key}` can only be {value}, but is {other}",
                self.class
            ))),
            _ => Ok(()),
        }
    }

    pub(super) fn finish(self) -> Result<()> {
        match self.map.keys().find(|key| !self.known.contains(&key.as_str())) {
            None => Ok(()),
            Some(key) => {
                let help = format!("its fields are: {}", self.known.join(", "));
                Err(Error::data(format!("the configuration of {} has an unknown field `{key}`", self.class))
                    .with_help(help))
            }
        }
    }
}

/// Implements [`Configured`] from the fields in Keras's order. A row is `kind "key": (place)`:
/// `field` reads if it is there, `must` has no default, `only` has one value, `own` writes and reads the place itself,
/// `read` can have one value and is not written, `early` is written if it is set, `late` (of the same key, after it) if it is not,
/// `name` is a name that Keras gives and that is not kept.
macro_rules! keras_config {
    ($Type:ident, $module:literal, $blank:expr, { $($kind:ident $key:literal: ($($value:tt)+);)* }) => {
        impl $crate::config::Configured for $Type {
            const MODULE: &'static str = $module;
            const CLASS: &'static str = stringify!($Type);
            fn blank() -> Self {
                $blank
            }
            #[allow(unused_variables)]
            fn write(&self, out: &mut $crate::config::Map) -> $crate::Result<()> {
                $($crate::config::keras_config!(@write $kind self out $key ($($value)+));)*
                Ok(())
            }
            #[allow(unused_variables)]
            fn read(&mut self, fields: &mut $crate::config::Fields<'_>) -> $crate::Result<()> {
                $($crate::config::keras_config!(@read $kind self fields $key ($($value)+));)*
                Ok(())
            }
        }
    };
    (@write field $self:ident $out:ident $key:literal ($($path:tt)+)) => {
        $out.insert($key.into(), $crate::config::Field::write(&$self.$($path)+)?)
    };
    (@write must $self:ident $out:ident $key:literal ($($path:tt)+)) => {
        $out.insert($key.into(), $crate::config::Field::write(&$self.$($path)+)?)
    };
    (@write early $self:ident $out:ident $key:literal ($($path:tt)+)) => {
        if $self.$($path)+.is_some() {
            $out.insert($key.into(), $crate::config::Field::write(&$self.$($path)+)?);
        }
    };
    (@write late $self:ident $out:ident $key:literal ($($path:tt)+)) => {
        if $self.$($path)+.is_none() {
            $out.insert($key.into(), serde_json::Value::Null);
        }
    };
    (@write name $self:ident $out:ident $key:literal ($value:literal)) => {
        $out.insert($key.into(), $value.into())
    };
    (@write only $self:ident $out:ident $key:literal ($($value:tt)+)) => {
        $out.insert($key.into(), serde_json::json!($($value)+))
    };
    (@write read $self:ident $out:ident $key:literal ($($value:tt)+)) => {};
    (@write own $self:ident $out:ident $key:literal ($($path:tt)+)) => {
        $self.$($path)+.write($out)?
    };
    (@read field $self:ident $fields:ident $key:literal ($($path:tt)+)) => {
        $fields.read($key, &mut $self.$($path)+)?
    };
    (@read must $self:ident $fields:ident $key:literal ($($path:tt)+)) => {
        $fields.must($key, &mut $self.$($path)+)?
    };
    (@read early $self:ident $fields:ident $key:literal ($($path:tt)+)) => {
        $fields.read($key, &mut $self.$($path)+)?
    };
    (@read late $self:ident $fields:ident $key:literal ($($path:tt)+)) => {};
    (@read name $self:ident $fields:ident $key:literal ($value:literal)) => {
        $fields.read($key, &mut Some(String::new()))?
    };
    (@read only $self:ident $fields:ident $key:literal ($($value:tt)+)) => {
        $fields.only($key, serde_json::json!($($value)+))?
    };
    (@read read $self:ident $fields:ident $key:literal ($($value:tt)+)) => {
        $fields.only($key, serde_json::json!($($value)+))?
    };
    (@read own $self:ident $fields:ident $key:literal ($($path:tt)+)) => {
        $self.$($path)+.read($fields)?
    };
}
pub(crate) use keras_config;

/// Gives a part of several classes the methods for an `own` row.
macro_rules! keras_rows {
    ($Type:ident, { $($kind:ident $key:literal: ($($value:tt)+);)* }) => {
        impl $Type {
            pub(crate) fn write(&self, out: &mut Map) -> Result<()> {
                $($crate::config::keras_config!(@write $kind self out $key ($($value)+));)*
                Ok(())
            }
            pub(crate) fn read(&mut self, fields: &mut Fields<'_>) -> Result<()> {
                $($crate::config::keras_config!(@read $kind self fields $key ($($value)+));)*
                Ok(())
            }
        }
    };
}
pub(crate) use keras_rows;

/// The fields that all layers have.
impl LayerOptions {
    pub(crate) fn write(&self, out: &mut Map) -> Result<()> {
        out.insert("name".into(), self.name.clone().into());
        out.insert("trainable".into(), self.trainable.into());
        self.dtype().write(out)
    }

    pub(crate) fn read(&mut self, fields: &mut Fields<'_>) -> Result<()> {
        fields.read("name", &mut self.name)?;
        fields.read("trainable", &mut self.trainable)?;
        self.dtype().read(fields)
    }

    /// The number type of all layers.
    pub(crate) fn dtype(&self) -> Float32 {
        Float32
    }
}

/// The number type of all layers.
pub(crate) struct Float32;

impl Float32 {
    pub(crate) fn write(&self, out: &mut Map) -> Result<()> {
        out.insert("dtype".into(), float32());
        Ok(())
    }

    pub(crate) fn read(&self, fields: &mut Fields<'_>) -> Result<()> {
        fields.known.push("dtype");
        let dtype = fields.map.get("dtype").map(|dtype| dtype.pointer("/config/name").unwrap_or(dtype));
        match dtype {
            None | Some(Value::Null) => Ok(()),
            Some(name) if name == "float32" => Ok(()),
            Some(other) => {
                Err(Error::data(format!("the field `dtype` can only be \"float32\", but is {other}")))
            }
        }
    }
}

/// Keras's envelope of the one number type of layers.
pub(crate) fn float32() -> Value {
    serde_json::json!({
        "module": "keras", "class_name": "DTypePolicy", "config": {"name": "float32"}, "registered_name": null
    })
}

fn wrong(wanted: &str, value: &Value) -> Error {
    Error::data(format!("expected {wanted}, but got {value}"))
}

macro_rules! plain_field {
    ($($Type:ty, $wanted:literal, $read:expr;)*) => {$(
        impl Field for $Type {
            fn write(&self) -> Result<Value> {
                Ok(self.clone().into())
            }
            fn read(value: &Value) -> Result<Self> {
                let read: fn(&Value) -> Option<Self> = $read;
                read(value).ok_or_else(|| wrong($wanted, value))
            }
        }
    )*};
}

plain_field! {
    f64, "a number", Value::as_f64;
    bool, "true or false", Value::as_bool;
    u64, "a whole number of at least 0", Value::as_u64;
    i64, "a whole number", Value::as_i64;
    usize, "a whole number of at least 0", |value| value.as_u64().and_then(|number| number.try_into().ok());
    isize, "a whole number", |value| value.as_i64().and_then(|number| number.try_into().ok());
    String, "a text", |value| value.as_str().map(Into::into);
}

impl<F: Field> Field for Option<F> {
    fn write(&self) -> Result<Value> {
        self.as_ref().map_or(Ok(Value::Null), Field::write)
    }
    fn read(value: &Value) -> Result<Self> {
        if value.is_null() { Ok(None) } else { F::read(value).map(Some) }
    }
}

impl<F: Field> Field for Vec<F> {
    fn write(&self) -> Result<Value> {
        self.iter().map(Field::write).collect::<Result<Vec<_>>>().map(Value::Array)
    }
    fn read(value: &Value) -> Result<Self> {
        value.as_array().ok_or_else(|| wrong("a list", value))?.iter().map(F::read).collect()
    }
}

/// Height and width: a list of two, or one for both.
impl<F: Field + Copy> Field for (F, F) {
    fn write(&self) -> Result<Value> {
        Ok(Value::Array(vec![self.0.write()?, self.1.write()?]))
    }
    fn read(value: &Value) -> Result<Self> {
        match value.as_array().map(Vec::as_slice) {
            Some([a, b]) => Ok((F::read(a)?, F::read(b)?)),
            Some(_) => Err(wrong("two numbers", value)),
            None => F::read(value).map(|both| (both, both)),
        }
    }
}

impl Field for Result<Activation> {
    fn write(&self) -> Result<Value> {
        let activation = self.clone()?;
        activation.name().map(Into::into).ok_or_else(|| {
            Error::state(format!("the activation {activation:?} has no name in Keras"))
                .with_help("put a layer for it: ReLU, LeakyReLU, ELU take parameters")
        })
    }
    fn read(value: &Value) -> Result<Self> {
        match value {
            Value::Null => Ok(Ok(Activation::Linear)),
            Value::String(name) => Activation::by_name(name).map(Ok),
            _ => Err(wrong("the name of an activation", value)),
        }
    }
}

/// The text of a value among a few: what [`named_field`] writes.
pub(crate) fn name_of<T: PartialEq>(names: &[(&'static str, T)], value: &T) -> Value {
    names.iter().find(|(_, known)| known == value).map_or(Value::Null, |(name, _)| (*name).into())
}

/// The value of a text among a few.
pub(crate) fn names<T: Clone>(what: &str, names: &[(&'static str, T)], value: &Value) -> Result<T> {
    let name = value.as_str().ok_or_else(|| wrong("a name", value))?;
    let found = names.iter().find(|(known, _)| *known == name).map(|(_, value)| value.clone());
    found.ok_or_else(|| Error::unknown_name(what, name, names.iter().map(|(name, _)| *name)))
}
