//! Patterns of batch codes and names: read and rendered, or refused.
#![no_main]
use libfuzzer_sys::fuzz_target;
use stockroom::common::template::{Template, Value};

fuzz_target!(|pattern: &str| {
    if let Ok(template) = Template::parse(pattern) {
        let names = template.names().len();
        assert!(names <= pattern.len());
        let text = template.render(&|name| if name.len() % 2 == 0 { Value::Int(7) } else { Value::Text(name.to_string()) });
        assert_eq!(text, template.render(&|name| if name.len() % 2 == 0 { Value::Int(7) } else { Value::Text(name.to_string()) }));
    }
});
