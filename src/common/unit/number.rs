//! Numbers that stay exact as long as they can: fractions, and floating point only where a fraction grows too long or does not exist.

use std::cmp::Ordering;

/// Digits of a decimal number that fit a fraction.
const MAX_DIGITS: usize = 36;

/// A number.
#[derive(Clone, Copy, Debug)]
pub enum Number {
    /// Numerator and denominator, without common factors; the denominator is positive.
    Exact(i128, i128),
    /// The nearest that floating point knows.
    Near(f64),
}

use Number::{Exact, Near};

fn gcd(mut a: u128, mut b: u128) -> u128 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

/// Without common factors and with a positive denominator; nothing if that does not fit.
fn fraction(num: i128, den: i128) -> Option<Number> {
    if den == 0 {
        return None;
    }
    let by = i128::try_from(gcd(num.unsigned_abs(), den.unsigned_abs())).ok()?;
    let (num, den) = (num / by, den / by);
    if den < 0 { Some(Exact(num.checked_neg()?, den.checked_neg()?)) } else { Some(Exact(num, den)) }
}

fn product(a: (i128, i128), b: (i128, i128)) -> Option<Number> {
    // Crosswise first, so that what cancels never overflows.
    let (Exact(an, bd), Exact(bn, ad)) = (fraction(a.0, b.1)?, fraction(b.0, a.1)?) else { return None };
    fraction(an.checked_mul(bn)?, ad.checked_mul(bd)?)
}

impl Number {
    /// One.
    pub const ONE: Number = Exact(1, 1);

    /// A fraction.
    pub fn ratio(num: i128, den: i128) -> Number {
        fraction(num, den).unwrap_or(Near(num as f64 / den as f64))
    }

    /// Reads digits with a point and an exponent, like `1.5e-3`; no sign.
    pub fn parse(text: &str) -> Option<Number> {
        let near = || text.parse().ok().filter(|n: &f64| n.is_finite()).map(Near);
        let (mantissa, exponent) = match text.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok()?),
            None => (text, 0),
        };
        let (whole, part) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let digits = || whole.bytes().chain(part.bytes());
        if digits().next().is_none() || !digits().all(|b| b.is_ascii_digit()) {
            return None;
        }
        let shift = exponent.checked_sub(i32::try_from(part.len()).ok()?)?;
        if digits().filter(|b| *b != b'0').count() == 0 {
            return Some(Exact(0, 1));
        }
        if digits().skip_while(|b| *b == b'0').count() > MAX_DIGITS || shift.unsigned_abs() as usize > MAX_DIGITS {
            return near();
        }
        let number = digits().fold(0i128, |n, b| n * 10 + i128::from(b - b'0'));
        let power = 10i128.pow(shift.unsigned_abs());
        let exact = if shift >= 0 { number.checked_mul(power).and_then(|n| fraction(n, 1)) } else { fraction(number, power) };
        exact.or_else(near)
    }

    /// The nearest floating point number.
    pub fn float(self) -> f64 {
        match self {
            Exact(num, den) => num as f64 / den as f64,
            Near(n) => n,
        }
    }

    /// Times another number.
    pub fn times(self, other: Number) -> Number {
        match (self, other) {
            (Exact(an, ad), Exact(bn, bd)) => product((an, ad), (bn, bd)).unwrap_or(Near(self.float() * other.float())),
            _ => Near(self.float() * other.float()),
        }
    }

    /// Divided by another number; infinite if that is zero.
    pub fn over(self, other: Number) -> Number {
        match other {
            Exact(num, den) if num != 0 => self.times(Number::ratio(den, num)),
            _ => Near(self.float() / other.float()),
        }
    }

    /// Plus another number.
    pub fn plus(self, other: Number) -> Number {
        let sum = match (self, other) {
            (Exact(an, ad), Exact(bn, bd)) => (|| fraction(an.checked_mul(bd)?.checked_add(bn.checked_mul(ad)?)?, ad.checked_mul(bd)?))(),
            _ => None,
        };
        sum.unwrap_or(Near(self.float() + other.float()))
    }

    /// With the other sign.
    pub fn negated(self) -> Number {
        self.times(Exact(-1, 1))
    }

    /// To the power of `num / den`.
    pub fn power(self, num: i32, den: i32) -> Number {
        let whole = if den != 0 && num % den == 0 { Some(num / den) } else { None };
        let Some(times) = whole.filter(|n| n.unsigned_abs() <= 64) else {
            return Near(self.float().powf(f64::from(num) / f64::from(den)));
        };
        let mut result = Number::ONE;
        for _ in 0..times.unsigned_abs() {
            result = result.times(self);
        }
        if times < 0 { Number::ONE.over(result) } else { result }
    }

    /// Millionths, rounded half away from zero; nothing beyond 64 bits.
    pub fn millionths(self) -> Option<i64> {
        match self {
            Exact(num, den) => {
                let scaled = num.checked_mul(2_000_000)?;
                let doubled = scaled.checked_div(den)?;
                // Twice the value, cut towards zero: one more, halved, rounds.
                i64::try_from((doubled + doubled.signum()) / 2).ok()
            }
            Near(n) => {
                let n = (n * 1e6).round();
                #[expect(clippy::cast_possible_truncation, reason = "within the bounds of 64 bits, which are asked first")]
                (n.abs() < 9e18).then_some(n as i64)
            }
        }
    }

    /// Neither infinite nor undefined.
    pub fn is_finite(self) -> bool {
        self.float().is_finite()
    }

    /// Above zero.
    pub fn is_positive(self) -> bool {
        self.float() > 0.0
    }
}

impl PartialEq for Number {
    fn eq(&self, other: &Number) -> bool {
        match (self, other) {
            (Exact(an, ad), Exact(bn, bd)) => an == bn && ad == bd,
            _ => self.float() == other.float(),
        }
    }
}

impl PartialOrd for Number {
    fn partial_cmp(&self, other: &Number) -> Option<Ordering> {
        self.float().partial_cmp(&other.float())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_are_fractions() {
        assert_eq!(Number::parse("0.1"), Some(Exact(1, 10)));
        assert_eq!(Number::parse("1.50e3"), Some(Exact(1500, 1)));
        assert_eq!(Number::parse("00.000"), Some(Exact(0, 1)));
        assert_eq!(Number::parse("1e-40").map(Number::float), Some(1e-40));
        assert!(matches!(Number::parse("1e-40"), Some(Near(_))));
        for junk in ["", ".", "e3", "1e", "1.2.3", "1e999", "-1", "١"] {
            assert_eq!(Number::parse(junk), None, "{junk}");
        }
    }

    #[test]
    fn sums_and_products_are_exact() {
        let tenth = Number::ratio(1, 10);
        assert_eq!(tenth.plus(tenth).plus(tenth), Number::ratio(3, 10));
        assert_eq!(tenth.times(Number::ratio(10, 1)), Number::ONE);
        assert_eq!(tenth.power(-3, 1), Number::ratio(1000, 1));
        assert!((Number::ratio(4, 1).power(1, 2).float() - 2.0).abs() < 1e-12);
    }

    #[test]
    fn what_does_not_fit_becomes_near() {
        let huge = Number::ratio(i128::MAX, 1);
        assert!(matches!(huge.times(huge), Near(_)));
        assert!(matches!(huge.plus(huge), Near(_)));
        assert!(!Number::ONE.over(Number::ratio(0, 1)).is_finite());
        assert!(Number::ratio(i128::MIN, i128::MIN).is_finite());
        assert_eq!(huge.millionths(), None);
    }

    #[test]
    fn millionths_round_half_away() {
        assert_eq!(Number::ratio(1, 3).millionths(), Some(333_333));
        assert_eq!(Number::ratio(2, 3).millionths(), Some(666_667));
        assert_eq!(Number::ratio(1, 2_000_000).millionths(), Some(1));
        assert_eq!(Number::ratio(-1, 2_000_000).millionths(), Some(-1));
        assert_eq!(Near(0.25).millionths(), Some(250_000));
    }
}
