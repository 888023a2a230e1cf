//! One output in several formats, of which the front end takes the richest that it knows.

use serde_json::{Map, Value};

/// One output in several formats, keyed by MIME type, in the order in which they were added.
///
/// # Example
/// ```
/// use kiln::notebook::MimeBundle;
///
/// let bundle = MimeBundle::text("3 rows").with("text/html", "<table>...</table>");
/// assert_eq!(bundle.get("text/plain").and_then(|text| text.as_str()), Some("3 rows"));
/// ```
#[derive(Debug, Clone, Default, PartialEq)]
pub struct MimeBundle {
    data: Map<String, Value>,
    metadata: Map<String, Value>,
}

impl MimeBundle {
    /// An empty bundle.
    pub fn new() -> Self {
        Self::default()
    }

    /// A bundle with this plain text; every bundle should have one, for front ends that can show nothing else.
    pub fn text(text: impl Into<String>) -> Self {
        Self::new().with("text/plain", text.into())
    }

    /// Adds a format, or replaces it: text for `text/*` and `image/svg+xml`, base64 for other images, a JSON value for
    /// types that end in `json`.
    #[must_use]
    pub fn with(mut self, mime: &str, content: impl Into<Value>) -> Self {
        self.data.insert(mime.to_owned(), content.into());
        self
    }

    /// Adds what a front end should know beside the content, such as `{"width": 640}` for a MIME type.
    #[must_use]
    pub fn with_metadata(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.metadata.insert(key.to_owned(), value.into());
        self
    }

    /// The content of one format.
    pub fn get(&self, mime: &str) -> Option<&Value> {
        self.data.get(mime)
    }

    /// The formats with their contents, in the order in which they were added.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.data.iter().map(|(mime, content)| (mime.as_str(), content))
    }

    /// Whether no format was added.
    pub fn is_empty(&self) -> bool {
        self.data.is_empty()
    }

    pub(super) fn data(&self) -> &Map<String, Value> {
        &self.data
    }

    pub(super) fn metadata(&self) -> &Map<String, Value> {
        &self.metadata
    }
}
