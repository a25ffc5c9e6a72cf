//! A command that a page tells its reader to type must exist, with its options.

use std::{collections::BTreeSet, fs, path::Path};

use clap::{Command, CommandFactory};
use stampede_server::cli::Cli;
use syn::{
    Arm, Attribute, Field, ItemFn, LitStr,
    visit::{self, Visit},
};

use crate::pages::{self, Page};

/// Commands that a page names because this version does not have them.
const LATER: [&str; 1] = ["stampede stress"];

/// Every `cargo xtask …` and `stampede …` of a page that would be refused.
///
/// Of xtask, the arms of its `dispatch` are the commands; what may follow one is said by the texts
/// of its file, or by the options of the program of that name that it becomes. Of the program,
/// clap itself is asked.
pub(crate) fn faults(root: &Path) -> Vec<String> {
    let xtask = Xtask::read(root);
    let program = Cli::command();
    pages::all(root).iter().flat_map(|page| faults_of(page, &xtask, &program)).collect()
}

fn faults_of(page: &Page, xtask: &Xtask<'_>, program: &Command) -> Vec<String> {
    let typed = page.code().flat_map(|(number, text)| commands(text).map(move |it| (number, it)));
    let wrong = typed.filter_map(|(number, words)| {
        let what = match words.as_slice() {
            ["cargo", "xtask", command, rest @ ..] => xtask.refuses(command, rest),
            [first, rest @ ..] if is_program(first) => refuses(program, rest),
            _ => None,
        };
        let typed = words.join(" ");
        let is_later = LATER.iter().any(|later| typed.starts_with(later));
        let what = what.filter(|_| !is_later)?;
        let remedy = "correct it (LATER of the house test lists what is not built)";
        Some(page.fault(number, format!("`{typed}`: {what}: {remedy}")))
    });
    wrong.collect()
}

/// The commands of a line that a shell would run, each as its words, without settings before and
/// comments behind.
fn commands(line: &str) -> impl Iterator<Item = Vec<&str>> {
    let line = line.split(" #").next().unwrap_or_default();
    line.split(['&', '|', ';']).map(|part| {
        let is_set = |word: &&str| word.contains('=') && !word.starts_with('-');
        part.split_whitespace().skip_while(is_set).collect()
    })
}

fn is_program(word: &str) -> bool {
    word == "stampede" || (word.ends_with("/stampede") && !word.contains("://"))
}

/// Stands for whatever the reader puts in its place.
fn is_placeholder(word: &str) -> bool {
    !word.starts_with(|c: char| c.is_ascii_lowercase() || c == '-')
}

/// Why the program would refuse to run with these arguments.
fn refuses(program: &Command, words: &[&str]) -> Option<String> {
    let mut command = program;
    let mut words = words.iter();
    while let Some(&word) = words.next() {
        if let Some(option) = word.strip_prefix("--") {
            let (name, value) = option.split_once('=').unwrap_or((option, ""));
            let mut known = command.get_arguments().chain(program.get_arguments());
            match known.find(|argument| argument.get_long() == Some(name)) {
                // The next word is its value.
                Some(of) if of.get_action().takes_values() && value.is_empty() => {
                    words.next();
                }
                Some(_) => {}
                None if matches!(name, "help" | "version") => {}
                None => return Some(format!("there is no option --{name}")),
            }
        } else if command.has_subcommands() && !is_placeholder(word) {
            match command.find_subcommand(word) {
                Some(found) => command = found,
                None => return Some(format!("there is no command {word}")),
            }
        }
    }
    None
}

/// What `cargo xtask` takes.
struct Xtask<'a> {
    root: &'a Path,
    commands: BTreeSet<String>,
}

impl<'a> Xtask<'a> {
    fn read(root: &'a Path) -> Self {
        let mut dispatched = Dispatched::default();
        read(&root.join("crates/xtask/src/main.rs"), &mut dispatched);
        Self { root, commands: dispatched.0 }
    }

    /// Why `cargo xtask <command>` would refuse to run with these arguments.
    fn refuses(&self, command: &str, words: &[&str]) -> Option<String> {
        if is_placeholder(command) {
            return None;
        }
        if !self.commands.contains(command) {
            return Some(format!("`cargo xtask help` has no command {command}"));
        }
        let known = self.arguments(command);
        let mut is_value = false;
        for word in words {
            let is_option = word.starts_with('-');
            let name = word.split('=').next().unwrap_or_default();
            if (is_option || !is_value) && !is_placeholder(word) && !known.contains(name) {
                return Some(format!("`cargo xtask {command} --help` does not know {name}"));
            }
            is_value = is_option && !word.contains('=');
        }
        None
    }

    fn arguments(&self, command: &str) -> BTreeSet<String> {
        let mut said = Said::default();
        for file in
            [format!("crates/xtask/src/{command}.rs"), format!("crates/{command}/src/main.rs")]
        {
            read(&self.root.join(file), &mut said);
        }
        let mut known = said.0;
        known.insert("--help".to_owned());
        if command == "run" {
            let program = Cli::command();
            let demo = program.find_subcommand("demo").expect("the demo");
            let options = demo.get_arguments().filter_map(clap::Arg::get_long);
            known.extend(options.map(|name| format!("--{name}")));
        }
        known
    }
}

/// Shows a file of Rust, if there is one, to `visitor`.
fn read(path: &Path, visitor: &mut impl for<'ast> Visit<'ast>) {
    if let Ok(text) = fs::read_to_string(path) {
        visitor.visit_file(&syn::parse_file(&text).expect("a file of Rust"));
    }
}

/// The texts that the arms of `dispatch` begin with.
#[derive(Default)]
struct Dispatched(BTreeSet<String>);

impl<'ast> Visit<'ast> for Dispatched {
    fn visit_item_fn(&mut self, function: &'ast ItemFn) {
        if function.sig.ident == "dispatch" {
            visit::visit_item_fn(self, function);
        }
    }

    fn visit_arm(&mut self, arm: &'ast Arm) {
        let mut texts = Said::default();
        texts.visit_pat(&arm.pat);
        self.0.extend(texts.0);
    }
}

/// The words of texts, and the options that clap makes of fields.
#[derive(Default)]
struct Said(BTreeSet<String>);

impl<'ast> Visit<'ast> for Said {
    fn visit_lit_str(&mut self, text: &'ast LitStr) {
        let text = text.value();
        let words = text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '-'));
        self.0.extend(words.map(str::to_owned));
    }

    fn visit_field(&mut self, field: &'ast Field) {
        if let Some(name) = field.ident.as_ref().filter(|_| field.attrs.iter().any(is_option)) {
            self.0.insert(format!("--{}", name.to_string().replace('_', "-")));
        }
    }

    /// Comments for whoever reads the code promise nothing to whoever types.
    fn visit_attribute(&mut self, _: &'ast Attribute) {}
}

fn is_option(attribute: &Attribute) -> bool {
    let list = attribute.meta.require_list().ok();
    list.is_some_and(|list| {
        list.path.is_ident("arg")
            && list.tokens.clone().into_iter().any(|it| it.to_string() == "long")
    })
}

#[cfg(test)]
mod tests {
    use super::faults;
    use crate::tree::planted;

    const MAIN: &str = "fn dispatch(verb: &str) {
        match verb {
            \"test\" => test(),
            \"prove\" | \"check\" => prove(),
            other => refuse(other),
        }
    }
    fn elsewhere(verb: &str) { match verb { \"gone\" => {} _ => {} } }";
    const TEST: &str =
        "/// Not `--fast`.\nconst HELP: &str = \"  lint  quick\\n  --repeat N  again\";";
    const PROVE: &str =
        "struct Arguments { #[arg(long, value_name = \"N\")] full_run: bool, at: u8 }";

    fn found(page: &str) -> Vec<String> {
        let root = planted(&[
            ("docs/page.md", page),
            ("crates/xtask/src/main.rs", MAIN),
            ("crates/xtask/src/test.rs", TEST),
            ("crates/prove/src/main.rs", PROVE),
        ]);
        faults(root.path())
    }

    #[test]
    fn a_command_of_xtask_that_does_not_exist_is_found() {
        let told = found("Type `cargo xtask gone`.\n```sh\nA=b cargo xtask tset # all\n```\n");
        assert_eq!(told.len(), 2, "{told:?}");
        assert!(told[1].starts_with("docs/page.md:3: `cargo xtask tset`: "), "{told:?}");
    }

    #[test]
    fn an_argument_that_a_command_of_xtask_does_not_know_is_found() {
        assert_eq!(found("`cargo xtask test --fast`").len(), 1);
        assert_eq!(found("`cargo xtask test linted`").len(), 1);
        assert_eq!(found("`cargo xtask test --repeat 5 e2e`").len(), 1);
        assert_eq!(found("`cargo xtask prove --at 5`").len(), 1);
    }

    #[test]
    fn a_command_or_an_option_that_the_program_does_not_have_is_found() {
        assert_eq!(found("`stampede sevre`").len(), 1);
        assert_eq!(found("```sh\ntarget/ci/stampede check --all\n```").len(), 1);
        assert_eq!(found("`stampede --config a.toml reconcile --skus A`").len(), 1);
    }

    #[test]
    fn what_may_be_typed_is_left_alone() {
        let page = "`cargo xtask test lint --repeat=5`, `cargo xtask prove --full-run --help`,
            `cargo xtask check`, `cargo xtask test [STAGES]`, `stampede --config a.toml serve`,
            `stampede reconcile --sku A-1`, `stampede`, `psql postgresql://a@b/stampede -c x`
            ```sh
            PORT=0 target/ci/stampede demo --port 0 | cat && cargo xtask test # --fast
            ```";
        assert_eq!(found(page), Vec::<String>::new());
    }
}
