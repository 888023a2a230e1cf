//! The surfaces that lectures on optimizers show.

use super::Surface;
use crate::{Error, Result};
use std::f64::consts::{E, TAU};

/// $f(x, y) = x^2 + y^2$: the same slope in every direction; any method goes straight to the minimum 0 at the origin.
pub fn quadratic_bowl() -> Surface {
    Surface::new("Quadratic bowl", |x, y| x * x + y * y, |x, y| [2.0 * x, 2.0 * y])
        .domain((-4.0, 4.0), (-4.0, 4.0))
        .minimum(0.0, 0.0)
        .starting_at([-3.0, 2.5])
}

/// $f(x, y) = \frac{1}{2}(x^2 + 30 y^2)$: a valley that is 30 times as steep across as along.
///
/// Plain gradient descent jumps between its walls, and diverges from a learning rate of $2/30$ on; momentum dampens the
/// jumps and speeds the way along the floor. The minimum is 0 at the origin.
///
/// Source: the condition number's role is in Goodfellow et al., *Deep Learning* (2016), section 4.3.
pub fn ravine() -> Surface {
    Surface::new("Ravine", |x, y| 0.5 * (x * x + 30.0 * y * y), |x, y| [x, 30.0 * y])
        .domain((-5.0, 5.0), (-2.0, 2.0))
        .minimum(0.0, 0.0)
        .starting_at([-4.5, 1.2])
        .log_levels(true)
}

/// $f(x, y) = x^2 - y^2$: a saddle, level at the origin, falling without end along y.
///
/// From the ridge $y = 0$ no gradient leads away; a start beside it lingers near the origin first.
pub fn saddle() -> Surface {
    Surface::new("Saddle", |x, y| x * x - y * y, |x, y| [2.0 * x, -2.0 * y])
        .domain((-2.0, 2.0), (-2.0, 2.0))
        .starting_at([-1.6, 0.01])
}

/// Beale's function: a flat floor between steep walls, with the minimum 0 at $(3, 0.5)$.
///
/// $$ f(x, y) = (1.5 - x + xy)^2 + (2.25 - x + xy^2)^2 + (2.625 - x + xy^3)^2 $$
///
/// Source: Moré, Garbow and Hillstrom, *Testing unconstrained optimization software* (1981), function 5.
pub fn beale() -> Surface {
    let terms = |x: f64, y: f64| [1.5 - x + x * y, 2.25 - x + x * y * y, 2.625 - x + x * y * y * y];
    let value = move |x, y| terms(x, y).iter().map(|term| term * term).sum();
    let gradient = move |x: f64, y: f64| {
        let [a, b, c] = terms(x, y);
        let dx = 2.0 * (a * (y - 1.0) + b * (y * y - 1.0) + c * (y * y * y - 1.0));
        let dy = 2.0 * x * (a + 2.0 * b * y + 3.0 * c * y * y);
        [dx, dy]
    };
    Surface::new("Beale", value, gradient)
        .domain((-4.5, 4.5), (-4.5, 4.5))
        .minimum(3.0, 0.5)
        .starting_at([1.0, 1.5])
        .log_levels(true)
}

/// Himmelblau's function: four minima of the value 0; which one is found depends on the start and on the momentum.
///
/// $$ f(x, y) = (x^2 + y - 11)^2 + (x + y^2 - 7)^2 $$
///
/// Source: Himmelblau, *Applied Nonlinear Programming* (1972).
pub fn himmelblau() -> Surface {
    let value = |x: f64, y: f64| (x * x + y - 11.0).powi(2) + (x + y * y - 7.0).powi(2);
    let gradient = |x: f64, y: f64| {
        let (a, b) = (x * x + y - 11.0, x + y * y - 7.0);
        [4.0 * x * a + 2.0 * b, 2.0 * a + 4.0 * y * b]
    };
    Surface::new("Himmelblau", value, gradient)
        .domain((-6.0, 6.0), (-6.0, 6.0))
        .minimum(3.0, 2.0)
        .minimum(-2.805_118_086_952_745, 3.131_312_518_250_573)
        .minimum(-3.779_310_253_377_747, -3.283_185_991_286_17)
        .minimum(3.584_428_340_330_492, -1.848_126_526_964_404)
        .starting_at([-0.5, -1.0])
        .log_levels(true)
}

/// Rosenbrock's function: a curved valley whose floor hardly falls, with the minimum 0 at $(1, 1)$.
///
/// $$ f(x, y) = (1 - x)^2 + 100 (y - x^2)^2 $$
///
/// Source: Rosenbrock, *An automatic method for finding the greatest or least value of a function* (1960).
pub fn rosenbrock() -> Surface {
    let value = |x: f64, y: f64| (1.0 - x).powi(2) + 100.0 * (y - x * x).powi(2);
    let gradient = |x: f64, y: f64| {
        let bend = y - x * x;
        [-2.0 * (1.0 - x) - 400.0 * x * bend, 200.0 * bend]
    };
    Surface::new("Rosenbrock", value, gradient)
        .domain((-2.0, 2.0), (-1.0, 3.0))
        .minimum(1.0, 1.0)
        .starting_at([-1.5, 2.0])
        .log_levels(true)
}

/// Rastrigin's function: a bowl with a local minimum near every whole number, and the global one, 0, at the origin.
///
/// $$ f(x, y) = 20 + x^2 - 10 \cos 2\pi x + y^2 - 10 \cos 2\pi y $$
///
/// Source: Rastrigin, *Systems of extremal control* (1974); Mühlenbein et al. (1991).
pub fn rastrigin() -> Surface {
    let value = |x: f64, y: f64| 20.0 + x * x - 10.0 * (TAU * x).cos() + y * y - 10.0 * (TAU * y).cos();
    let slope = |x: f64| 2.0 * x + 10.0 * TAU * (TAU * x).sin();
    Surface::new("Rastrigin", value, move |x, y| [slope(x), slope(y)])
        .domain((-5.12, 5.12), (-5.12, 5.12))
        .minimum(0.0, 0.0)
        .starting_at([-3.3, 2.7])
}

/// Ackley's function: nearly level with many small dents, and a deep funnel at the origin, where it is 0.
///
/// $$ f(x, y) = -20 e^{-0.2 \sqrt{(x^2 + y^2) / 2}} - e^{(\cos 2\pi x + \cos 2\pi y) / 2} + e + 20 $$
///
/// At the origin it has a kink; the gradient there is given as 0.
///
/// Source: Ackley, *A connectionist machine for genetic hillclimbing* (1987).
pub fn ackley() -> Surface {
    let funnel = |x: f64, y: f64| -20.0 * (-0.2 * (0.5 * (x * x + y * y)).sqrt()).exp();
    let dents = |x: f64, y: f64| -(0.5 * ((TAU * x).cos() + (TAU * y).cos())).exp();
    let value = move |x, y| funnel(x, y) + dents(x, y) + E + 20.0;
    let gradient = move |x: f64, y: f64| {
        let radius = (0.5 * (x * x + y * y)).sqrt();
        if radius == 0.0 {
            return [0.0, 0.0];
        }
        let (f, d) = (funnel(x, y), dents(x, y));
        let slope = |at: f64| -0.1 * f * at / radius - 0.5 * TAU * d * (TAU * at).sin();
        [slope(x), slope(y)]
    };
    Surface::new("Ackley", value, gradient)
        .domain((-5.0, 5.0), (-5.0, 5.0))
        .minimum(0.0, 0.0)
        .starting_at([-3.3, 2.6])
}

/// The surface of this name, in any case: `quadratic_bowl`, `ravine`, `saddle`, `beale`, `himmelblau`, `rosenbrock`,
/// `rastrigin` or `ackley`.
///
/// # Errors
/// For an unknown name, with the list of the known ones.
///
/// # Example
/// ```
/// use kiln::prelude::*;
/// assert_eq!(surfaces::by_name("Beale")?.value(3.0, 0.5), 0.0);
/// # Ok::<(), kiln::Error>(())
/// ```
pub fn by_name(name: &str) -> Result<Surface> {
    const ALL: [(&str, fn() -> Surface); 8] = [
        ("quadratic_bowl", quadratic_bowl),
        ("ravine", ravine),
        ("saddle", saddle),
        ("beale", beale),
        ("himmelblau", himmelblau),
        ("rosenbrock", rosenbrock),
        ("rastrigin", rastrigin),
        ("ackley", ackley),
    ];
    let wanted = name.to_ascii_lowercase();
    let found = ALL.iter().find(|(known, _)| *known == wanted);
    found
        .map(|(_, make)| make())
        .ok_or_else(|| Error::unknown_name("surface", name, ALL.map(|(known, _)| known)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAMES: [&str; 8] =
        ["quadratic_bowl", "ravine", "saddle", "beale", "himmelblau", "rosenbrock", "rastrigin", "ackley"];

    /// Every gradient agrees with central differences on a grid over the surface's domain.
    #[test]
    fn gradients_agree_with_differences() -> Result<()> {
        for name in NAMES {
            let surface = by_name(name)?;
            let ((x0, x1), (y0, y1)) = surface.domain;
            for i in 0..23 {
                for j in 0..19 {
                    let (x, y) = (x0 + (x1 - x0) * f64::from(i) / 22.3, y0 + (y1 - y0) * f64::from(j) / 18.3);
                    let (exact, rough) = (surface.gradient(x, y), surface.numerical_gradient(x, y));
                    let scale = exact[0].abs().max(exact[1].abs()).max(surface.value(x, y).abs()).max(1.0);
                    for k in 0..2 {
                        let error = (exact[k] - rough[k]).abs() / scale;
                        assert!(error < 1e-7, "{name} at ({x}, {y}): {exact:?}, by differences {rough:?}");
                    }
                }
            }
        }
        Ok(())
    }

    /// At each stated minimum the value is 0 and the gradient vanishes.
    #[test]
    fn minima_are_where_they_are_said_to_be() -> Result<()> {
        for name in NAMES {
            let surface = by_name(name)?;
            for &(x, y) in surface.minima() {
                let gradient = surface.gradient(x, y);
                assert!(surface.value(x, y).abs() < 1e-12, "{name}: {}", surface.value(x, y));
                assert!(gradient[0].hypot(gradient[1]) < 1e-9, "{name}: {gradient:?}");
            }
        }
        assert!(by_name("beel").is_err_and(|error| error.to_string().contains("beale")));
        Ok(())
    }
}
