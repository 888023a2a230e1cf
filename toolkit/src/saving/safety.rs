//! What a configuration may not hold: code.

use crate::{Error, Result};
use serde_json::Value;

/// Refuses a configuration that would need somebody's code to be made: `Lambda` layers, `__lambda__` functions, registered
/// and foreign classes. Keras would run such code, or ask for it.
pub(super) fn check(value: &Value) -> Result<()> {
    match value {
        Value::Array(list) => list.iter().try_for_each(check),
        Value::Object(fields) => {
            let text = |key: &str| fields.get(key).and_then(Value::as_str);
            let class = text("class_name").unwrap_or_default();
            if class == "__lambda__" || class == "Lambda" {
                return Err(refused(&format!("it holds a `{class}`, that is Python code"))
                    .with_help("replace it in Keras by a layer or by the name of a function"));
            }
            let module = text("module").unwrap_or("keras");
            let known = ["keras", "builtins", "keras.src", "tf_keras"];
            if !class.is_empty() && !known.contains(&module) && !module.starts_with("keras.") {
                return Err(refused(&format!("its class `{class}` is code of the module `{module}`")));
            }
            match text("registered_name") {
                // Keras 2 and functions repeat the name of what is built in.
                Some(name) if !class.is_empty() && name != class && name != "function" => {
                    Err(refused(&format!("its class `{class}` is registered code of a user, `{name}`")))
                }
                _ => fields.values().try_for_each(check),
            }
        }
        _ => Ok(()),
    }
}

fn refused(why: &str) -> Error {
    Error::file(format!("the model cannot be loaded: {why}")).with_help(
        "only Keras's own layers, losses, metrics and optimizers can be read; code in a file is never run",
    )
}
