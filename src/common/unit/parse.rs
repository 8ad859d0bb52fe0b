//! The language of quantities: `250mA`, `1/4 in`, `5 m/s^2`, `2.5 * meter`, `kg·m²/s³`.
//!
//! Products are read from left to right, whether a sign stands between the factors or a blank: `1/2 m` is half a metre. Two numbers never
//! stand side by side: whether `1 1/2` means one and a half or a half is not for a program to guess.

use super::dimension::{Dimension, PARTS, Quantity, Shape, Unit};
use super::number::Number;

/// Brackets inside brackets at most.
const MAX_DEPTH: u32 = 16;
/// Characters of a text at most; longer ones are no quantities.
const MAX_LENGTH: usize = 600;

#[derive(Clone, Debug, PartialEq)]
enum Token {
    Number(Number),
    Name(String),
    Times,
    Over,
    Power,
    Minus,
    Open,
    Close,
}

/// Why a text is no quantity, for people.
pub type Why = String;

/// The letter that stands for several that look alike.
fn folded(c: char) -> char {
    match c {
        '\u{b5}' => 'μ',
        '\u{2126}' => 'Ω',
        '\u{212a}' => 'K',
        '\u{212b}' => 'Å',
        '×' | '·' | '⋅' | '∙' => '*',
        '÷' | '∕' | '⁄' => '/',
        '−' | '–' => '-',
        c => c,
    }
}

fn superscript(c: char) -> Option<char> {
    let digits = "⁰¹²³⁴⁵⁶⁷⁸⁹";
    match c {
        '⁻' => Some('-'),
        c => digits.chars().position(|d| d == c).and_then(|at| char::from_digit(u32::try_from(at).ok()?, 10)),
    }
}

/// May a name begin with it?
fn begins(c: char) -> bool {
    (c.is_alphabetic() || matches!(c, '_' | '°' | '%' | '‰' | '$' | '€' | '#' | '′' | '″')) && superscript(c).is_none()
}

fn tokens(text: &str) -> Result<Vec<Token>, Why> {
    if text.len() > MAX_LENGTH {
        return Err("This is too long for a quantity.".into());
    }
    let chars: Vec<char> = text.chars().map(folded).collect();
    let at = |i: usize| chars.get(i).copied().unwrap_or('\0');
    let (mut found, mut i) = (Vec::new(), 0);
    while i < chars.len() {
        let c = at(i);
        let start = i;
        if c.is_whitespace() {
            i += 1;
        } else if c.is_ascii_digit() || c == '.' && at(i + 1).is_ascii_digit() {
            while at(i).is_ascii_digit() || at(i) == '.' {
                i += 1;
            }
            let signed = matches!(at(i + 1), '+' | '-') && at(i + 2).is_ascii_digit();
            if matches!(at(i), 'e' | 'E') && (at(i + 1).is_ascii_digit() || signed) {
                i += 2;
                while at(i).is_ascii_digit() {
                    i += 1;
                }
            }
            let digits: String = chars.get(start..i).unwrap_or_default().iter().collect();
            found.push(Token::Number(Number::parse(&digits).ok_or_else(|| format!("{digits} is no number."))?));
        } else if superscript(c).is_some() {
            let mut power = String::new();
            while let Some(digit) = superscript(at(i)) {
                power.push(digit);
                i += 1;
            }
            found.push(Token::Power);
            if let Some(rest) = power.strip_prefix('-') {
                found.push(Token::Minus);
                power = rest.into();
            }
            found.push(Token::Number(Number::parse(&power).ok_or_else(|| format!("{power} is no power."))?));
        } else if begins(c) {
            i += 1;
            // Percent and its like are whole names.
            while !matches!(c, '%' | '‰' | '$' | '€' | '#')
                && (at(i).is_ascii_digit() || at(i) == '_' || at(i).is_alphabetic() && superscript(at(i)).is_none())
            {
                i += 1;
            }
            let name: String = chars.get(start..i).unwrap_or_default().iter().collect();
            found.push(if name == "per" { Token::Over } else { Token::Name(name) });
        } else {
            i += 1;
            found.push(match c {
                '*' if at(i) == '*' => {
                    i += 1;
                    Token::Power
                }
                '*' => Token::Times,
                '/' => Token::Over,
                '^' => Token::Power,
                '-' => Token::Minus,
                '+' if found.is_empty() => continue,
                '(' => Token::Open,
                ')' => Token::Close,
                other => return Err(format!("\"{other}\" has no place in a quantity.")),
            });
        }
    }
    Ok(found)
}

/// A product on its way: its numbers, its units, and the unit itself while it is the only one.
struct Product {
    number: Number,
    unit: Unit,
    only: Option<Unit>,
    units: u32,
}

impl Product {
    const ONE: Product = Product { number: Number::ONE, unit: Unit::ONE, only: None, units: 0 };

    fn join(&mut self, other: Product, num: i32, den: i32) -> Result<(), Why> {
        const LARGE: &str = "This power makes no unit.";
        self.number = self.number.times(other.number.power(num, den));
        self.unit.scale = self.unit.scale.times(other.unit.scale.power(num, den));
        self.unit.dimension = self.unit.dimension.with(other.unit.dimension, num, den).ok_or(LARGE)?;
        self.only = if num == den && self.units == 0 {
            other.only
        } else if other.units == 0 {
            self.only
        } else {
            None
        };
        self.units = self.units.saturating_add(other.units);
        if self.number.is_finite() && self.unit.scale.is_finite() && self.unit.scale.is_positive() {
            Ok(())
        } else {
            Err("A number here is too large or too small.".into())
        }
    }
}

struct Parser<'a> {
    tokens: Vec<Token>,
    at: usize,
    depth: u32,
    unit_of: &'a dyn Fn(&str) -> Option<Unit>,
}

impl Parser<'_> {
    fn next(&mut self) -> Option<Token> {
        let token = self.tokens.get(self.at).cloned();
        self.at += 1;
        token
    }

    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at)
    }

    fn take(&mut self, token: &Token) -> bool {
        let there = self.peek() == Some(token);
        self.at += usize::from(there);
        there
    }

    fn product(&mut self) -> Result<Product, Why> {
        let mut all = Product::ONE;
        let negative = self.take(&Token::Minus);
        self.factor(&mut all, 1)?;
        loop {
            match self.peek() {
                Some(Token::Times) => {
                    self.at += 1;
                    self.factor(&mut all, 1)?;
                }
                Some(Token::Over) => {
                    self.at += 1;
                    self.factor(&mut all, -1)?;
                }
                Some(Token::Name(_) | Token::Open) => self.factor(&mut all, 1)?,
                _ => break,
            }
        }
        if negative {
            all.number = all.number.negated();
        }
        Ok(all)
    }

    fn factor(&mut self, all: &mut Product, sign: i32) -> Result<(), Why> {
        let base = match self.next() {
            Some(Token::Number(number)) => Product { number, ..Product::ONE },
            Some(Token::Name(name)) => {
                let unit = (self.unit_of)(&name).ok_or_else(|| format!("There is no unit \"{name}\"."))?;
                // Inside products a degree is a difference of temperature.
                Product { unit: Unit { shape: Shape::Linear, ..unit }, only: Some(unit), units: 1, ..Product::ONE }
            }
            Some(Token::Open) => {
                self.depth += 1;
                if self.depth > MAX_DEPTH {
                    return Err("There are too many brackets.".into());
                }
                let inner = self.product()?;
                if !self.take(&Token::Close) {
                    return Err("A bracket is not closed.".into());
                }
                self.depth -= 1;
                inner
            }
            _ => return Err("A number or a unit is expected.".into()),
        };
        let (num, den) = if self.take(&Token::Power) { self.exponent()? } else { (1, 1) };
        all.join(base, num * sign, den)
    }

    /// A whole number or, in brackets or with a point, a fraction of a few twelfths.
    fn exponent(&mut self) -> Result<(i32, i32), Why> {
        let open = self.take(&Token::Open);
        let sign = if self.take(&Token::Minus) { -1 } else { 1 };
        let Some(Token::Number(mut number)) = self.next() else { return Err("A power is a number.".into()) };
        if open && self.take(&Token::Over) {
            let Some(Token::Number(by)) = self.next() else { return Err("A power is a number.".into()) };
            number = number.over(by);
        }
        if open && !self.take(&Token::Close) {
            return Err("A bracket is not closed.".into());
        }
        match number {
            Number::Exact(num, den) if num.abs() <= 600 && den <= i128::from(PARTS) => {
                Ok((sign * i32::try_from(num).unwrap_or(0), i32::try_from(den).unwrap_or(1)))
            }
            _ => Err("This power makes no unit.".into()),
        }
    }
}

/// Reads a quantity; `unit_of` knows the names.
///
/// # Errors
/// A sentence that says why it is none.
pub fn quantity(text: &str, unit_of: &dyn Fn(&str) -> Option<Unit>) -> Result<Quantity, Why> {
    let mut parser = Parser { tokens: tokens(text)?, at: 0, depth: 0, unit_of };
    if parser.tokens.is_empty() {
        return Err("There is nothing to read.".into());
    }
    let all = parser.product()?;
    if parser.at < parser.tokens.len() {
        return Err("The factors of a quantity need a sign between them.".into());
    }
    Ok(Quantity { number: all.number, unit: all.only.unwrap_or(all.unit) })
}

/// The dimension of a base quantity, for the table of units.
pub fn base(word: &str) -> Option<Unit> {
    let dimension = Dimension::base(word.strip_prefix('=')?.chars().next()?)?;
    Some(Unit { dimension, ..Unit::ONE })
}
