//! Text made from a pattern: the part of the Jinja2 language that names and batch codes need, and nothing by which a pattern could reach
//! anything but the values it is given. `{{ expression }}`, `{% if %} … {% elif %} … {% else %} … {% endif %}`; in expressions dotted names,
//! texts, numbers, `a if b else c`, `or`, `and`, `not`, `==`, `!=`, `~`, `+`, and the filters of [`filter`].

use std::iter::Peekable;
use std::vec::IntoIter;

/// Levels of nesting at most.
const DEEPEST: usize = 20;
/// Characters that a pattern, and what it makes, have at most.
const LONGEST: usize = 5000;

/// A value in an expression.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// Nothing of that name.
    None,
    /// A text.
    Text(String),
    /// A number.
    Int(i64),
    /// A condition.
    Flag(bool),
}

impl Value {
    fn holds(&self) -> bool {
        match self {
            Value::None => false,
            Value::Text(text) => !text.is_empty(),
            Value::Int(number) => *number != 0,
            Value::Flag(flag) => *flag,
        }
    }

    fn text(&self) -> String {
        match self {
            Value::None => String::new(),
            Value::Text(text) => text.clone(),
            Value::Int(number) => number.to_string(),
            Value::Flag(flag) => if *flag { "True" } else { "False" }.into(),
        }
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Value {
        Value::Text(text.into())
    }
}

/// A pattern that was understood.
#[derive(Debug)]
pub struct Template(Vec<Node>);

#[derive(Debug)]
enum Node {
    Text(String),
    Show(Expression),
    /// Conditions with what they bring; the last may be without one.
    If(Vec<(Option<Expression>, Vec<Node>)>),
}

#[derive(Debug)]
enum Expression {
    Known(Value),
    Name(String),
    Not(Box<Expression>),
    Pair(&'static str, Box<Expression>, Box<Expression>),
    /// Value, condition, otherwise.
    Choose(Box<Expression>, Box<Expression>, Option<Box<Expression>>),
    Filter(Box<Expression>, String, Vec<Expression>),
}

impl Template {
    /// Reads a pattern.
    ///
    /// # Errors
    /// A sentence that says what is not understood.
    pub fn parse(pattern: &str) -> Result<Template, String> {
        if pattern.len() > LONGEST {
            return Err(format!("A pattern has at most {LONGEST} characters."));
        }
        let mut pieces = pieces(pattern)?.into_iter().peekable();
        let nodes = nodes(&mut pieces, 0)?;
        match pieces.next() {
            None => Ok(Template(nodes)),
            Some(_) => Err("A block ends that never began.".into()),
        }
    }

    /// Makes the text; `look` gives the value of a dotted name.
    pub fn render(&self, look: &dyn Fn(&str) -> Value) -> String {
        let mut out = String::new();
        write(&self.0, look, &mut out);
        out.chars().take(LONGEST).collect()
    }

    /// All names that the pattern uses.
    pub fn names(&self) -> Vec<&str> {
        let mut found = Vec::new();
        names_of(&self.0, &mut found);
        found
    }
}

fn names_of<'a>(nodes: &'a [Node], found: &mut Vec<&'a str>) {
    fn of<'a>(expression: &'a Expression, found: &mut Vec<&'a str>) {
        match expression {
            Expression::Known(_) => {}
            Expression::Name(name) => found.push(name),
            Expression::Not(inner) => of(inner, found),
            Expression::Pair(_, left, right) => [left, right].into_iter().for_each(|side| of(side, found)),
            Expression::Choose(value, condition, otherwise) => {
                [Some(value), Some(condition), otherwise.as_ref()].into_iter().flatten().for_each(|side| of(side, found));
            }
            Expression::Filter(value, _, arguments) => {
                of(value, found);
                arguments.iter().for_each(|argument| of(argument, found));
            }
        }
    }
    for node in nodes {
        match node {
            Node::Text(_) => {}
            Node::Show(expression) => of(expression, found),
            Node::If(branches) => {
                for (condition, nodes) in branches {
                    if let Some(condition) = condition {
                        of(condition, found);
                    }
                    names_of(nodes, found);
                }
            }
        }
    }
}

/// Text between the marks, and what stands in them.
#[derive(Debug)]
enum Piece {
    Text(String),
    Show(String),
    Block(String),
}

fn pieces(pattern: &str) -> Result<Vec<Piece>, String> {
    let (mut rest, mut found) = (pattern, Vec::new());
    while let Some(at) = rest.find("{{").into_iter().chain(rest.find("{%")).min() {
        let (before, marked) = rest.split_at(at);
        if !before.is_empty() {
            found.push(Piece::Text(before.into()));
        }
        let shows = marked.starts_with("{{");
        let end = if shows { "}}" } else { "%}" };
        let (inside, after) = marked.get(2..).and_then(|m| m.split_once(end)).ok_or_else(|| format!("{end} is missing."))?;
        let inside = inside.trim_matches('-').trim().to_string();
        found.push(if shows { Piece::Show(inside) } else { Piece::Block(inside) });
        rest = after;
    }
    if !rest.is_empty() {
        found.push(Piece::Text(rest.into()));
    }
    Ok(found)
}

/// Everything up to the end, or to a block that belongs to an `if` around it.
fn nodes(pieces: &mut Peekable<IntoIter<Piece>>, depth: usize) -> Result<Vec<Node>, String> {
    if depth > DEEPEST {
        return Err("Too many blocks lie in each other.".into());
    }
    let mut found = Vec::new();
    while let Some(piece) = pieces.peek() {
        if matches!(piece, Piece::Block(block) if ["elif", "else", "endif"].contains(&word(block))) {
            break;
        }
        match pieces.next() {
            Some(Piece::Text(text)) => found.push(Node::Text(text)),
            Some(Piece::Show(text)) => found.push(Node::Show(expression(&text)?)),
            Some(Piece::Block(block)) if word(&block) == "if" => {
                let mut branches = Vec::new();
                let mut condition = Some(expression(block.get(2..).unwrap_or_default())?);
                loop {
                    branches.push((condition.take(), nodes(pieces, depth + 1)?));
                    let Some(Piece::Block(block)) = pieces.next() else { return Err("endif is missing.".into()) };
                    match word(&block) {
                        "elif" => condition = Some(expression(block.get(4..).unwrap_or_default())?),
                        "else" => condition = None,
                        _ => break,
                    }
                }
                found.push(Node::If(branches));
            }
            Some(Piece::Block(block)) => return Err(format!("The block \"{}\" is not known.", word(&block))),
            None => break,
        }
    }
    Ok(found)
}

fn word(block: &str) -> &str {
    block.split_whitespace().next().unwrap_or_default()
}

fn write(nodes: &[Node], look: &dyn Fn(&str) -> Value, out: &mut String) {
    for node in nodes {
        match node {
            Node::Text(text) => out.push_str(text),
            Node::Show(expression) => out.push_str(&value(expression, look).text()),
            Node::If(branches) => {
                let branch = branches.iter().find(|(condition, _)| condition.as_ref().is_none_or(|c| value(c, look).holds()));
                if let Some((_, nodes)) = branch {
                    write(nodes, look, out);
                }
            }
        }
    }
}

fn value(expression: &Expression, look: &dyn Fn(&str) -> Value) -> Value {
    match expression {
        Expression::Known(known) => known.clone(),
        Expression::Name(name) => look(name),
        Expression::Not(inner) => Value::Flag(!value(inner, look).holds()),
        Expression::Pair("or", left, right) => Some(value(left, look)).filter(Value::holds).unwrap_or_else(|| value(right, look)),
        Expression::Pair("and", left, right) => {
            let left = value(left, look);
            if left.holds() { value(right, look) } else { left }
        }
        Expression::Pair("==", left, right) => Value::Flag(value(left, look) == value(right, look)),
        Expression::Pair("!=", left, right) => Value::Flag(value(left, look) != value(right, look)),
        Expression::Pair(sign, left, right) => match (value(left, look), value(right, look)) {
            (Value::Int(left), Value::Int(right)) if *sign == "+" => Value::Int(left.saturating_add(right)),
            (left, right) => Value::Text(left.text() + &right.text()),
        },
        Expression::Choose(this, condition, otherwise) => match (value(condition, look).holds(), otherwise) {
            (true, _) => value(this, look),
            (false, Some(otherwise)) => value(otherwise, look),
            (false, None) => Value::None,
        },
        Expression::Filter(inner, name, arguments) => {
            let arguments: Vec<Value> = arguments.iter().map(|argument| value(argument, look)).collect();
            filter(name, value(inner, look), &arguments)
        }
    }
}

/// The filters.
const FILTERS: &[&str] = &["default", "d", "upper", "lower", "trim", "string", "int", "zfill"];

fn filter(name: &str, value: Value, arguments: &[Value]) -> Value {
    let text = value.text();
    match name {
        "upper" => Value::Text(text.to_uppercase()),
        "lower" => Value::Text(text.to_lowercase()),
        "trim" => Value::Text(text.trim().into()),
        "string" => Value::Text(text),
        "int" => Value::Int(text.trim().parse().unwrap_or(0)),
        "zfill" => match arguments.first() {
            Some(Value::Int(width)) => Value::Text(format!("{text:0>width$}", width = usize::try_from(*width).unwrap_or(0).min(50))),
            _ => Value::Text(text),
        },
        // default
        _ => {
            let falsy_too = arguments.get(1).is_some_and(Value::holds);
            let missing = value == Value::None || falsy_too && !value.holds();
            if missing { arguments.first().cloned().unwrap_or(Value::Text(String::new())) } else { value }
        }
    }
}

/// Words and signs of an expression.
fn tokens(text: &str) -> Result<Vec<String>, String> {
    let mut found = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let length = match first {
            '\'' | '"' => rest.get(1..).and_then(|inner| inner.find(first)).map(|end| end + 2).ok_or("A text does not end.")?,
            c if c.is_alphanumeric() || c == '_' => {
                rest.find(|c: char| !(c.is_alphanumeric() || c == '_' || c == '.')).unwrap_or(rest.len())
            }
            _ if rest.starts_with("==") || rest.starts_with("!=") => 2,
            '(' | ')' | '|' | '~' | '+' | ',' => 1,
            other => return Err(format!("\"{other}\" is not understood here.")),
        };
        let (token, after) = rest.split_at(length);
        found.push(token.to_string());
        rest = after.trim_start();
    }
    Ok(found)
}

fn expression(text: &str) -> Result<Expression, String> {
    let mut tokens = tokens(text)?.into_iter().peekable();
    let found = choose(&mut tokens, 0)?;
    match tokens.next() {
        None => Ok(found),
        Some(token) => Err(format!("\"{token}\" is not expected here.")),
    }
}

type Tokens = Peekable<IntoIter<String>>;

fn takes(tokens: &mut Tokens, token: &str) -> bool {
    tokens.next_if(|next| next == token).is_some()
}

fn choose(tokens: &mut Tokens, depth: usize) -> Result<Expression, String> {
    if depth > DEEPEST {
        return Err("The expression is nested too deeply.".into());
    }
    let this = pairs(tokens, depth, 0)?;
    if !takes(tokens, "if") {
        return Ok(this);
    }
    let condition = pairs(tokens, depth, 0)?;
    let otherwise = if takes(tokens, "else") { Some(Box::new(choose(tokens, depth + 1)?)) } else { None };
    Ok(Expression::Choose(Box::new(this), Box::new(condition), otherwise))
}

/// Signs between two values, the loosest first.
const SIGNS: &[&[&str]] = &[&["or"], &["and"], &["==", "!="], &["+", "~"]];

fn pairs(tokens: &mut Tokens, depth: usize, level: usize) -> Result<Expression, String> {
    let Some(signs) = SIGNS.get(level) else { return single(tokens, depth) };
    let mut left = pairs(tokens, depth, level + 1)?;
    while let Some(sign) = signs.iter().find(|sign| takes(tokens, sign)) {
        left = Expression::Pair(sign, Box::new(left), Box::new(pairs(tokens, depth, level + 1)?));
    }
    Ok(left)
}

fn single(tokens: &mut Tokens, depth: usize) -> Result<Expression, String> {
    if takes(tokens, "not") {
        return if depth > DEEPEST {
            Err("The expression is nested too deeply.".into())
        } else {
            Ok(Expression::Not(Box::new(single(tokens, depth + 1)?)))
        };
    }
    let token = tokens.next().ok_or("A value is missing.")?;
    let mut found = match token.as_str() {
        "(" => {
            let inner = choose(tokens, depth + 1)?;
            if !takes(tokens, ")") {
                return Err("\")\" is missing.".into());
            }
            inner
        }
        "True" | "true" => Expression::Known(Value::Flag(true)),
        "False" | "false" => Expression::Known(Value::Flag(false)),
        "None" | "none" => Expression::Known(Value::None),
        text if text.starts_with(['\'', '"']) => Expression::Known(text.get(1..text.len() - 1).unwrap_or_default().into()),
        number if number.starts_with(|c: char| c.is_ascii_digit()) => {
            Expression::Known(Value::Int(number.parse().map_err(|_| format!("\"{number}\" is no whole number."))?))
        }
        name if name.starts_with(|c: char| c.is_alphabetic() || c == '_') => Expression::Name(name.into()),
        other => return Err(format!("\"{other}\" is not expected here.")),
    };
    while takes(tokens, "|") {
        let name = tokens.next().ok_or("A filter is missing.")?;
        if !FILTERS.contains(&name.as_str()) {
            return Err(format!("The filter \"{name}\" is not known."));
        }
        let mut arguments = Vec::new();
        if takes(tokens, "(") {
            while !takes(tokens, ")") {
                arguments.push(choose(tokens, depth + 1)?);
                if !takes(tokens, ",") && tokens.peek().is_none_or(|next| next != ")") {
                    return Err("\")\" is missing.".into());
                }
            }
        }
        found = Expression::Filter(Box::new(found), name, arguments);
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(pattern: &str) -> String {
        let look = |name: &str| match name {
            "part.name" => "Bolt".into(),
            "part.IPN" => Value::Text(String::new()),
            "year" => Value::Int(2026),
            "month" => Value::Int(3),
            _ => Value::None,
        };
        Template::parse(pattern).unwrap().render(&look)
    }

    #[test]
    fn patterns_make_texts() {
        assert_eq!(made("plain"), "plain");
        assert_eq!(made("{{ part.IPN if part.IPN }}{{ ' | ' if part.IPN }}{{ part.name }}"), "Bolt");
        assert_eq!(made("{{ part.IPN or part.name ~ '!' }}"), "Bolt!");
        assert_eq!(made("B{{ year }}{{ month|zfill(2) }}"), "B202603");
        assert_eq!(made("{% if part.IPN %}a{% elif year == 2026 %}b{% else %}c{% endif %}"), "b");
        assert_eq!(made("{{ nothing|default('x') }}{{ part.IPN|default('y', True) }}{{ part.name|upper }}"), "xyBOLT");
        assert_eq!(made("{{ 'a' if not part.IPN and year != 1 else 'b' }}"), "a");
        assert_eq!(made("{{ year + 1 }}"), "2027");
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        let nested = format!("{{{{ {}1{} }}}}", "(".repeat(500), ")".repeat(500));
        let not = format!("{{{{ {}1 }}}}", "not ".repeat(500));
        for pattern in [
            "{{ part.name",
            "{% if a %}x",
            "{% for a in b %}",
            "{{ a.__class__() }}",
            "{{ a[0] }}",
            "{{ }}",
            "{{ a|safe }}",
            "{% endif %}",
            &nested,
            &not,
        ] {
            assert!(Template::parse(pattern).is_err(), "{pattern}");
        }
    }
}
