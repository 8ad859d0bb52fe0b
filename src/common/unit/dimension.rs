//! What a unit measures, and how it counts.

use super::number::Number;

/// The seven base quantities, in the order of their exponents.
pub const BASES: [(&str, char); 7] =
    [("length", 'L'), ("mass", 'M'), ("time", 'T'), ("current", 'I'), ("temperature", 'H'), ("substance", 'N'), ("light", 'J')];
/// Exponents are counted in twelfths, so that roots up to the fourth and the sixth are whole.
pub const PARTS: i16 = 12;
/// The largest exponent.
const MOST: i16 = 48 * PARTS;

/// Exponents of the base quantities, in twelfths.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Dimension([i16; BASES.len()]);

impl Dimension {
    /// The base quantity of that letter.
    pub fn base(letter: char) -> Option<Dimension> {
        let at = BASES.iter().position(|b| b.1 == letter)?;
        let mut exponents = [0; BASES.len()];
        *exponents.get_mut(at)? = PARTS;
        Some(Dimension(exponents))
    }

    /// A mere number?
    pub fn is_none(self) -> bool {
        self.0.iter().all(|e| *e == 0)
    }

    /// The dimension of a product with `other` to the power of `num / den`; nothing if an exponent grows too large or is no twelfth.
    pub fn with(self, other: Dimension, num: i32, den: i32) -> Option<Dimension> {
        let mut sum = self.0;
        for (into, e) in sum.iter_mut().zip(other.0) {
            let scaled = i32::from(e).checked_mul(num)?;
            if den == 0 || scaled % den != 0 {
                return None;
            }
            let e = i32::from(*into).checked_add(scaled / den)?;
            *into = i16::try_from(e).ok().filter(|e| e.unsigned_abs() <= MOST.unsigned_abs())?;
        }
        Some(Dimension(sum))
    }
}

/// How the numbers of a unit stand to its base unit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Shape {
    /// Base = number × scale.
    Linear,
    /// The same, of a ratio: a number without unit is taken for percent (or whatever it is), a written percent for the ratio itself.
    Share,
    /// Base = number × scale + this.
    Offset(Number),
    /// Base = scale × 10^(number / this).
    Log(Number),
}

/// A unit, simple or composed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Unit {
    /// How large it is in base units.
    pub scale: Number,
    /// What it measures.
    pub dimension: Dimension,
    /// How it counts.
    pub shape: Shape,
}

impl Unit {
    /// A mere number.
    pub const ONE: Unit = Unit { scale: Number::ONE, dimension: Dimension([0; BASES.len()]), shape: Shape::Linear };

    /// So many of this unit, in base units.
    pub fn in_base(&self, number: Number) -> Number {
        match self.shape {
            Shape::Linear | Shape::Share => number.times(self.scale),
            Shape::Offset(offset) => number.times(self.scale).plus(offset),
            Shape::Log(factor) => self.scale.times(Number::Near(10f64.powf(number.over(factor).float()))),
        }
    }

    /// How many of this unit so many base units are.
    pub fn of_base(&self, base: Number) -> Number {
        match self.shape {
            Shape::Linear | Shape::Share => base.over(self.scale),
            Shape::Offset(offset) => base.plus(offset.negated()).over(self.scale),
            Shape::Log(factor) => factor.times(Number::Near(base.over(self.scale).float().log10())),
        }
    }
}

/// A number of some unit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Quantity {
    /// How many.
    pub number: Number,
    /// Of what.
    pub unit: Unit,
}

impl Quantity {
    /// The same in another unit; nothing if that measures something else.
    pub fn to(&self, unit: &Unit) -> Option<Number> {
        if self.unit == *unit {
            return Some(self.number);
        }
        let number = (self.unit.dimension == unit.dimension).then(|| unit.of_base(self.unit.in_base(self.number)))?;
        number.is_finite().then_some(number)
    }

    /// As a mere number, if it is one.
    pub fn plain(&self) -> Option<Number> {
        let plain = self.unit.dimension.is_none() && !matches!(self.unit.shape, Shape::Log(_));
        plain.then(|| self.unit.in_base(self.number)).filter(|n| n.is_finite())
    }
}
