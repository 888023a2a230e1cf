//! What the kernel shows of a value that does not show itself.

use kiln::notebook::{MimeBundle, show_result};
use std::any::type_name;
use std::fmt::Debug;

/// Shows the value of a cell's last expression in `Debug` form, unless its type shows itself.
///
/// The kernel brings this trait into each cell: a type's own method `evcxr_display` is found before the trait's, so a
/// cell compiles at the first try in both cases. The toolkit itself must not have it: stock evcxr tries that method too, and
/// takes the compiler's hint that a trait would have it for another error than the one it expects.
pub trait ShowDebug: Debug {
    /// Makes the value the result of the cell; the unit value is no result.
    fn evcxr_display(&self) {
        if type_name::<Self>() != "()" {
            show_result(&MimeBundle::text(format!("{self:?}")));
        }
    }
}

impl<T: Debug + ?Sized> ShowDebug for T {}
