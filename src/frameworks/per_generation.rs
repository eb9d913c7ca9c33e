//! Reading a value for both generations, or one for each, so that a mistake is told with its key and type.

use std::fmt;
use std::marker::PhantomData;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, Deserializer, Error, IntoDeserializer, MapAccess, Visitor};

use super::runtime::PerGeneration;

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Each<T> {
    v1: Option<T>,
    v2: Option<T>,
}

struct Either<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for PerGeneration<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Either(PhantomData))
    }
}

impl<'de, T: Deserialize<'de>> Visitor<'de> for Either<T> {
    type Value = PerGeneration<T>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("one value, or a mapping with one for each of `v1` and `v2`")
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Self::Value, E> {
        T::deserialize(value.into_deserializer()).map(PerGeneration::Both)
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Self::Value, E> {
        T::deserialize(value.into_deserializer()).map(PerGeneration::Both)
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Self::Value, E> {
        T::deserialize(value.into_deserializer()).map(PerGeneration::Both)
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Self::Value, E> {
        T::deserialize(value.into_deserializer()).map(PerGeneration::Both)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        T::deserialize(text.into_deserializer()).map(PerGeneration::Both)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        let Each { v1, v2 } = Each::deserialize(MapAccessDeserializer::new(map))?;
        Ok(PerGeneration::Each { v1, v2 })
    }
}
