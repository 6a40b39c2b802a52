//! The modules of one crate, read from its files: what each names, and what it declares of its children.
//!
//! Tests are left out: they may use what they like.

use anyhow::{Context as _, Result};
use proc_macro2::{TokenStream, TokenTree};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use syn::visit::{self, Visit};

/// What a table of modules stands under to be a law.
pub(super) const ORDER_HEADING: &str = "in the order of the flow";

/// A crate: all its modules, the root first.
pub(super) struct Crate {
    work_tree: PathBuf,
    pub(super) modules: Vec<Module>,
}

/// One module, a file of its own or within another module's.
pub(super) struct Module {
    /// Below the work tree.
    pub(super) file: PathBuf,
    pub(super) parent: Option<usize>,
    pub(super) children: BTreeMap<String, usize>,
    /// Its children in the order that its documentation declares.
    pub(super) order: Option<Vec<String>>,
    /// What `use` binds, by the name that it has here.
    pub(super) imports: BTreeMap<String, Import>,
    /// The modules of which `use` takes everything.
    pub(super) globs: Vec<Named>,
    /// Every path that stands outside of `use`.
    pub(super) named: Vec<Named>,
    /// Methods that are called, by name.
    pub(super) called: Vec<Named>,
}

/// A name that `use` binds.
pub(super) struct Import {
    pub(super) path: Named,
    /// Whether others may take it from here.
    pub(super) is_public: bool,
}

/// A path, as written.
#[derive(Clone, Debug)]
pub(super) struct Named {
    pub(super) path: Vec<String>,
    pub(super) line: usize,
}

impl Crate {
    /// Reads a crate from its root, such as `agent/src/main.rs`, below a work tree.
    ///
    /// # Errors
    /// If a file cannot be read, or is not Rust.
    pub(super) fn read(work_tree: &Path, root: &Path) -> Result<Self> {
        let mut found = Self { work_tree: work_tree.to_owned(), modules: Vec::new() };
        let folder = root.parent().context("a root without a folder")?;
        found.read_file(None, root, folder)?;
        Ok(found)
    }

    fn read_file(&mut self, parent: Option<usize>, file: &Path, folder: &Path) -> Result<usize> {
        let text = std::fs::read_to_string(self.work_tree.join(file)).with_context(|| file.display().to_string())?;
        let parsed = syn::parse_file(&text).with_context(|| file.display().to_string())?;
        let order = declared_order(&parsed.attrs);
        self.read_items(Place { parent, file, folder }, order, &parsed.items)
    }

    fn read_items(&mut self, place: Place<'_>, order: Option<Vec<String>>, items: &[syn::Item]) -> Result<usize> {
        let mut reader = Reader::default();
        items.iter().for_each(|item| reader.visit_item(item));
        let index = self.modules.len();
        self.modules.push(Module {
            file: place.file.to_owned(),
            parent: place.parent,
            children: BTreeMap::new(),
            order,
            imports: reader.imports,
            globs: reader.globs,
            named: reader.named,
            called: reader.called,
        });
        for child in reader.children {
            let name = child.ident.to_string();
            let folder = place.folder.join(&name);
            let read = if let Some((_, items)) = &child.content {
                let place = Place { parent: Some(index), file: place.file, folder: &folder };
                self.read_items(place, declared_order(&child.attrs), items)?
            } else {
                let beside = place.folder.join(format!("{name}.rs"));
                let file = match path_of(&child.attrs) {
                    Some(path) => place.file.parent().context("a file without a folder")?.join(path),
                    None if self.work_tree.join(&beside).is_file() => beside,
                    None => folder.join("mod.rs"),
                };
                self.read_file(Some(index), &file, &folder)?
            };
            if let Some(module) = self.modules.get_mut(index) {
                module.children.insert(name, read);
            }
        }
        Ok(index)
    }
}

/// Where `#[path = "..."]` says that a module's file is.
fn path_of(attributes: &[syn::Attribute]) -> Option<String> {
    let named = attributes.iter().find(|attribute| attribute.path().is_ident("path"))?;
    let syn::Meta::NameValue(syn::MetaNameValue { value: syn::Expr::Lit(value), .. }) = &named.meta else {
        return None;
    };
    if let syn::Lit::Str(path) = &value.lit { Some(path.value()) } else { None }
}

/// Where a module stands. `folder` is where the files of its children are.
struct Place<'a> {
    parent: Option<usize>,
    file: &'a Path,
    folder: &'a Path,
}

/// What stands in one module's items.
#[derive(Default)]
struct Reader<'ast> {
    imports: BTreeMap<String, Import>,
    globs: Vec<Named>,
    named: Vec<Named>,
    called: Vec<Named>,
    children: Vec<&'ast syn::ItemMod>,
}

impl<'ast> Visit<'ast> for Reader<'ast> {
    fn visit_item(&mut self, item: &'ast syn::Item) {
        if !is_test(attributes(item)) {
            visit::visit_item(self, item);
        }
    }

    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        if !is_test(&item.attrs) {
            visit::visit_impl_item_fn(self, item);
        }
    }

    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        self.children.push(item);
    }

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        let is_public = !matches!(item.vis, syn::Visibility::Inherited);
        self.import(&item.tree, &mut Vec::new(), is_public);
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let segments: Vec<String> = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        if let Some(first) = path.segments.first() {
            self.named.push(Named { path: segments, line: first.ident.span().start().line });
        }
        visit::visit_path(self, path);
    }

    fn visit_expr_method_call(&mut self, call: &'ast syn::ExprMethodCall) {
        let line = call.method.span().start().line;
        self.called.push(Named { path: vec![call.method.to_string()], line });
        visit::visit_expr_method_call(self, call);
    }

    fn visit_macro(&mut self, found: &'ast syn::Macro) {
        self.visit_path(&found.path);
        self.tokens(found.tokens.clone());
    }

    // Documentation and derives name nothing that has a direction.
    fn visit_attribute(&mut self, _: &'ast syn::Attribute) {}

    // `pub(in crate::a)`, `pub(super)`.
    fn visit_visibility(&mut self, _: &'ast syn::Visibility) {}
}

impl Reader<'_> {
    fn import(&mut self, tree: &syn::UseTree, prefix: &mut Vec<String>, is_public: bool) {
        match tree {
            syn::UseTree::Path(path) => {
                prefix.push(path.ident.to_string());
                self.import(&path.tree, prefix, is_public);
                prefix.pop();
            }
            syn::UseTree::Name(name) => self.bind(&name.ident, &name.ident, prefix, is_public),
            syn::UseTree::Rename(name) => self.bind(&name.ident, &name.rename, prefix, is_public),
            syn::UseTree::Glob(glob) => {
                let line = glob.star_token.spans.first().map_or(0, |span| span.start().line);
                self.globs.push(Named { path: prefix.clone(), line });
            }
            syn::UseTree::Group(group) => group.items.iter().for_each(|tree| self.import(tree, prefix, is_public)),
        }
    }

    fn bind(&mut self, of: &syn::Ident, here: &syn::Ident, prefix: &[String], is_public: bool) {
        let mut path = prefix.to_vec();
        let mut here = here.to_string();
        if of != "self" {
            path.push(of.to_string());
        } else if here == "self" {
            here = prefix.last().cloned().unwrap_or_default();
        }
        // `use X as _` binds a trait without a name.
        if here == "_" {
            here = format!("_ {}", path.join("::"));
        }
        let path = Named { path, line: of.span().start().line };
        self.imports.insert(here, Import { path, is_public });
    }

    /// The paths in what a macro is given, which is not parsed.
    fn tokens(&mut self, tokens: TokenStream) {
        let mut path = Named { path: Vec::new(), line: 0 };
        let mut colons = 0;
        for token in tokens {
            match token {
                TokenTree::Ident(ident) if colons == 2 && !path.path.is_empty() => {
                    path.path.push(ident.to_string());
                }
                TokenTree::Ident(ident) => {
                    let next = Named { path: vec![ident.to_string()], line: ident.span().start().line };
                    self.named.push(std::mem::replace(&mut path, next));
                }
                TokenTree::Punct(punct) if punct.as_char() == ':' => {
                    colons += 1;
                    continue;
                }
                TokenTree::Group(group) => self.tokens(group.stream()),
                TokenTree::Punct(_) | TokenTree::Literal(_) => {
                    let done = std::mem::replace(&mut path, Named { path: Vec::new(), line: 0 });
                    self.named.push(done);
                }
            }
            colons = 0;
        }
        self.named.push(path);
        self.named.retain(|named| !named.path.is_empty());
    }
}

/// `#[cfg(test)]` and `#[test]`.
fn is_test(attributes: &[syn::Attribute]) -> bool {
    attributes.iter().any(|attribute| match &attribute.meta {
        syn::Meta::List(list) => list.path.is_ident("cfg") && list.tokens.to_string() == "test",
        syn::Meta::Path(path) => path.is_ident("test"),
        _ => false,
    })
}

fn attributes(item: &syn::Item) -> &[syn::Attribute] {
    match item {
        syn::Item::Const(item) => &item.attrs,
        syn::Item::Enum(item) => &item.attrs,
        syn::Item::Fn(item) => &item.attrs,
        syn::Item::Impl(item) => &item.attrs,
        syn::Item::Macro(item) => &item.attrs,
        syn::Item::Mod(item) => &item.attrs,
        syn::Item::Static(item) => &item.attrs,
        syn::Item::Struct(item) => &item.attrs,
        syn::Item::Trait(item) => &item.attrs,
        syn::Item::Type(item) => &item.attrs,
        syn::Item::Use(item) => &item.attrs,
        _ => &[],
    }
}

/// The first column of the table that stands under [`ORDER_HEADING`], if there is one.
fn declared_order(attributes: &[syn::Attribute]) -> Option<Vec<String>> {
    let lines: Vec<String> = attributes.iter().filter_map(doc_line).collect();
    let mut lines = lines.iter().map(|line| line.trim());
    lines.find(|line| line.starts_with('#') && line.ends_with(ORDER_HEADING))?;
    let rows = lines.skip_while(|line| !line.starts_with('|')).take_while(|line| line.starts_with('|'));
    let first_cells = rows.filter_map(|row| row.split('|').nth(1));
    let links = first_cells.flat_map(|cell| cell.split("[`").skip(1).filter_map(|link| link.split('`').next()));
    Some(links.map(|name| name.trim_start_matches("mod@").to_owned()).collect())
}

fn doc_line(attribute: &syn::Attribute) -> Option<String> {
    let syn::Meta::NameValue(pair) = &attribute.meta else { return None };
    let syn::Expr::Lit(syn::ExprLit { lit: syn::Lit::Str(text), .. }) = &pair.value else { return None };
    pair.path.is_ident("doc").then(|| text.value())
}
