//! A page with one figure, which needs no network.

use super::svg::escape;

/// What goes into a [`page`].
#[derive(Debug, Clone, Copy)]
pub struct Page<'a> {
    /// The title of the window.
    pub title: &'a str,
    /// The colour behind the figure, as CSS.
    pub background: &'a str,
    /// The still figure.
    pub svg: &'a str,
    /// The interactive figure: plotly's JSON.
    pub json: &'a str,
    /// plotly's script. Without it the page shows the still figure.
    pub plotly: Option<&'a str>,
}

/// The page as HTML: the still figure, which gives way to the interactive one where plotly's script is given.
///
/// # Example
/// ```
/// use kiln_picture::html::{Page, page};
/// let html = page(&Page { title: "손실", background: "#fff", svg: "<svg></svg>", json: "{}", plotly: None });
/// assert!(html.contains("<title>손실</title>") && html.contains("<svg>"));
/// ```
pub fn page(page: &Page<'_>) -> String {
    let script = page.plotly.map_or_else(String::new, |plotly| {
        format!(
            "<script>{}</script>\n<script>\nconst figure = JSON.parse(document.getElementById('figure-data').textContent);\n\
             const place = document.getElementById('figure');\nplace.replaceChildren();\n\
             Plotly.newPlot(place, figure.data, figure.layout, figure.config)\
             .then(() => figure.frames && Plotly.addFrames(place, figure.frames));\n</script>\n",
            inside_script(plotly)
        )
    });
    let (title, background, svg) = (escape(page.title), page.background, page.svg);
    format!(
        "<!DOCTYPE html>\n<html>\n<head>\n<meta charset=\"utf-8\">\n<title>{title}</title>\n</head>\n\
         <body style=\"margin:0;background:{background}\">\n<div id=\"figure\">\n{svg}</div>\n\
         <script type=\"application/vnd.plotly.v1+json\" id=\"figure-data\">{}</script>\n{script}</body>\n</html>\n",
        inside_script(page.json)
    )
}

/// Text for a script element, which `</` would end: in JSON and in JavaScript's strings `<\/` means the same.
///
/// # Example
/// ```
/// assert_eq!(kiln_picture::html::inside_script("\"</script>\""), "\"<\\/script>\"");
/// ```
pub fn inside_script(text: &str) -> String {
    text.replace("</script", "<\\/script").replace("<!--", "<\\!--")
}
