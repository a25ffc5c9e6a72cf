//! How long a file and a function may be.

use std::{fs, path::Path};

use proc_macro2::Span;
use syn::{
    Attribute, Block, ImplItemFn, Item, ItemFn, ItemMod, Signature, TraitItemFn,
    spanned::Spanned,
    visit::{self, Visit},
};

use crate::tree::{files, shown};

/// Lines of a file, the tests at its end left out.
const FILE_LINES_MAX: usize = 350;
/// Lines of a function, from its signature to its closing brace.
const FUNCTION_LINES_MAX: usize = 70;

/// Every file and function of ours that is too long. What is generated (`.d.ts`) and what only
/// tests is not judged.
pub(crate) fn faults(root: &Path) -> Vec<String> {
    let folders = ["crates", "migrations", "frontend/src"].map(|folder| root.join(folder));
    let all = folders.iter().flat_map(|folder| files(folder));
    all.filter(|path| is_production(&shown(root, path)))
        .flat_map(|path| {
            let text = fs::read_to_string(&path).expect("a text file");
            faults_in(&shown(root, &path), &text)
        })
        .collect()
}

fn is_production(name: &str) -> bool {
    let mut endings = name.rsplit('.');
    match (endings.next(), endings.next()) {
        (Some("rs"), _) => name.starts_with("crates/") && name.contains("/src/"),
        (Some("ts" | "tsx"), before) => !matches!(before, Some("d" | "test")),
        (ending, _) => matches!(ending, Some("lua" | "sql")),
    }
}

fn is_rust(name: &str) -> bool {
    name.rsplit('.').next() == Some("rs")
}

fn faults_in(name: &str, text: &str) -> Vec<String> {
    let mut faults = Vec::new();
    let mut lines = text.lines().count();
    if is_rust(name) {
        let file = match syn::parse_file(text) {
            Ok(file) => file,
            Err(error) => return vec![format!("{name} does not parse: {error}")],
        };
        lines = tests_at_the_end(&file.items).map_or(lines, |first| first - 1);
        let mut functions = Functions { name, faults: &mut faults };
        functions.visit_file(&file);
    }
    if lines > FILE_LINES_MAX {
        faults.push(format!("{name}: {lines} lines, at most {FILE_LINES_MAX}"));
    }
    faults
}

/// The line on which the trailing `#[cfg(test)]` items begin.
fn tests_at_the_end(items: &[Item]) -> Option<usize> {
    let tests = items.iter().rev().map_while(|item| {
        let Item::Mod(module) = item else { return None };
        is_test(&module.attrs).then(|| module.span().start().line)
    });
    tests.last()
}

fn is_test(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        let is_cfg_test = attribute
            .meta
            .require_list()
            .is_ok_and(|list| list.path.is_ident("cfg") && list.tokens.to_string() == "test");
        is_cfg_test || attribute.path().is_ident("test")
    })
}

/// Looks at every function outside of tests, those inside others included.
struct Functions<'a> {
    name: &'a str,
    faults: &'a mut Vec<String>,
}

impl Functions<'_> {
    fn measure(&mut self, signature: &Signature, end: Span) {
        let first = signature.span().start().line;
        let lines = end.end().line + 1 - first;
        if lines > FUNCTION_LINES_MAX {
            let (name, function) = (self.name, &signature.ident);
            self.faults.push(format!(
                "{name}:{first}: fn {function} has {lines} lines, at most {FUNCTION_LINES_MAX}"
            ));
        }
    }

    fn measure_block(&mut self, signature: &Signature, block: &Block) {
        self.measure(signature, block.brace_token.span.close());
    }
}

impl<'ast> Visit<'ast> for Functions<'_> {
    fn visit_item_mod(&mut self, module: &'ast ItemMod) {
        if !is_test(&module.attrs) {
            visit::visit_item_mod(self, module);
        }
    }

    fn visit_item_fn(&mut self, function: &'ast ItemFn) {
        self.measure_block(&function.sig, &function.block);
        visit::visit_item_fn(self, function);
    }

    fn visit_impl_item_fn(&mut self, function: &'ast ImplItemFn) {
        self.measure_block(&function.sig, &function.block);
        visit::visit_impl_item_fn(self, function);
    }

    fn visit_trait_item_fn(&mut self, function: &'ast TraitItemFn) {
        if let Some(block) = &function.default {
            self.measure_block(&function.sig, block);
        }
        visit::visit_trait_item_fn(self, function);
    }
}

#[cfg(test)]
mod tests {
    use super::{FILE_LINES_MAX, FUNCTION_LINES_MAX, faults, is_rust};
    use crate::tree::planted;

    fn found(name: &str, text: &str) -> Vec<String> {
        faults(planted(&[(name, text)]).path())
    }

    /// A function with this many lines from signature to brace.
    fn function(lines: usize) -> String {
        format!("/// Says what.\nfn long() {{\n{}}}\n", "    step();\n".repeat(lines - 2))
    }

    #[test]
    fn a_file_one_line_too_long_is_found_in_each_language() {
        for name in [
            "crates/a/src/b/c.rs",
            "crates/a/src/d.lua",
            "migrations/x/1.sql",
            "frontend/src/e.tsx",
        ] {
            let line = if is_rust(name) { "const A: u8 = 0;\n" } else { "x\n" };
            assert_eq!(found(name, &line.repeat(FILE_LINES_MAX)).len(), 0, "{name}");
            assert_eq!(found(name, &line.repeat(FILE_LINES_MAX + 1)).len(), 1, "{name}");
        }
    }

    #[test]
    fn a_function_one_line_too_long_is_found_wherever_it_stands() {
        for (before, after) in
            [("", ""), ("impl A {\n", "}"), ("trait B {\n", "}"), ("mod c {\n", "}")]
        {
            let file = |lines| format!("{before}{}{after}", function(lines));
            assert_eq!(found("crates/a/src/b.rs", &file(FUNCTION_LINES_MAX)).len(), 0, "{before}");
            assert_eq!(
                found("crates/a/src/b.rs", &file(FUNCTION_LINES_MAX + 1)).len(),
                1,
                "{before}"
            );
        }
    }

    #[test]
    fn tests_at_the_end_and_generated_files_have_no_ceiling() {
        let long = "const A: u8 = 0;\n".repeat(FILE_LINES_MAX + 1);
        let tests =
            format!("#[cfg(test)]\nmod tests {{\n{}{long}}}\n", function(FUNCTION_LINES_MAX + 1));
        assert_eq!(found("crates/a/src/b.rs", &tests), Vec::<String>::new());
        assert_eq!(found("crates/a/src/b.rs", &format!("{tests}{long}")).len(), 1);
        assert_eq!(found("frontend/src/schema.d.ts", &long), Vec::<String>::new());
    }
}
