"""Turns this copy of the project into a service for another entity: `make own NAME=part PLURAL=parts`.

Renames files and what stands in them, as table.py says, and drops what belongs to this project only. Then it removes itself. It does
not commit anything. Needs Python 3.10 and git; with cargo, it also formats the code.
"""

import builtins
import keyword
import re
import shutil
import subprocess
import sys
from pathlib import Path

from table import DROPPED, EDITS, SECTIONS, SUBSTITUTIONS, TARGETS, UNCHANGED

ROOT = Path(__file__).resolve().parents[2]
RUST = """abstract as async await become box break const continue crate do dyn else enum extern false final fn for gen if impl in let loop
    macro match mod move mut override priv pub ref return self static struct super trait true try type typeof union unsafe unsized use
    virtual where while yield""".split()


def git(*arguments):
    return subprocess.run(["git", "-C", ROOT, *arguments], check=True, capture_output=True, text=True).stdout


def files():
    return [Path(name) for name in git("ls-files", "-z").split("\0") if name]


def text_of(file):
    """The text of a file; None for a binary file, a symbolic link, and a file that stays as it is."""
    if (ROOT / file).is_symlink() or file.name.startswith(UNCHANGED):
        return None
    content = (ROOT / file).read_bytes()
    return None if b"\0" in content else content.decode()


def substitute(text, names):
    for pattern, replacement in SUBSTITUTIONS:
        text = re.sub(pattern, replacement.format(**names), text)
    return text


def names_of(name, plural):
    article = "an" if name[0] in "aeiou" else "a"
    forms = {"an": article, "An": article.capitalize()}
    for key, word in (("name", name), ("plural", plural)):
        forms |= {key: word, key.capitalize(): word.capitalize(), key.upper(): word.upper()}
    return forms


def check_names(names):
    """Refuses names that would mean two things in the copy."""
    for word in (names["name"], names["plural"]):
        if not re.fullmatch("[a-z]+", word):
            sys.exit(f"{word!r} is not a word in lower case: give NAME and PLURAL like NAME=part PLURAL=parts")
        if word in RUST or word in keyword.kwlist or word in dir(builtins):
            sys.exit(f"{word!r} is taken: it is a word of Rust or Python")
    if "movie" in names["name"]:
        sys.exit("'movie' is taken: give your own entity's NAME and PLURAL")
    if names["name"] == names["plural"]:
        sys.exit("NAME and PLURAL are the same: the code needs two names, such as NAME=sheep PLURAL=flock")
    declared = set()
    for file in files():
        text = text_of(file)
        if file.suffix == ".rs":
            code = re.sub(r'//.*|"(?:[^"\\]|\\.)*"', "", text)
            declared |= {*re.findall(r"\b(?:fn|struct|enum|trait|type|const|static|mod|pub) (\w+)", code)}
            declared |= {*re.findall(r"\b[A-Z]\w*", code)}
        elif file.name == "template.yaml":
            declared |= {*re.findall(r"^  (\w+):$", text, re.MULTILINE)}
    for old in sorted(declared):
        new = substitute(old, names)
        if new != old and new in declared:
            sys.exit(f"{names['name']!r} and {names['plural']!r} are taken: the project has a {new!r} already")


def drop():
    """Removes files, sections and targets that belong to this project only, and what mentions them."""
    git("rm", "-r", "-q", *DROPPED)
    shutil.rmtree(ROOT / "tools/own", ignore_errors=True)
    for name, heading in SECTIONS:
        level = heading.split()[0]
        edit(name, rf"(?ms)^{re.escape(heading)}\n.*?(?=^#{{1,{len(level)}}} |\Z)", "")
    for target in TARGETS:
        edit("Makefile", rf"(?m)^(?:#.*\n)*{target}:.*\n(?:\t.*\n)*", "")
        edit("Makefile", rf"(?m)^(\.PHONY:(?:.*\\\n)*.*) {target}\b", r"\1")
        edit(".ci/run", rf"(?m)^make {target}\n", "", needed=False)
    for file in files():
        text = text_of(file)
        # The page that the reader follows says what is dropped.
        if text is not None and file.suffix in (".md", ".yml") and file != Path("docs/own.md"):
            (ROOT / file).write_text(without_dropped(file, text))
    for name, pattern, replacement in EDITS:
        edit(name, pattern, replacement)


def without_dropped(file, text):
    """A page or a workflow without the targets and links that lead nowhere."""
    targets = "|".join(TARGETS)
    text = re.sub(rf"\b(?:{targets})\b, (?=[^\n]*\])|, (?:{targets})(?=\])", "", text) if file.suffix == ".yml" else text
    if file.suffix != ".md":
        return text
    up = "../" * (len(file.parts) - 1)
    dropped = "|".join(re.escape(name) for name in DROPPED)
    link = rf"\[[^\]]*\]\((?:{re.escape(up)}|{re.escape(str(file.parent))}/)?(?:{dropped})[^)]*\)"
    relative = "|".join(re.escape(Path(name).name) for name in DROPPED if Path(name).parent == file.parent)
    link = rf"(?:{link}|\[[^\]]*\]\((?:{relative})(?:#[^)]*)?\))" if relative else link
    text = re.sub(rf"(?m)^!{link}\n\n?", "", text)
    text = re.sub(rf"(?m)^- {link}.*\n(?:  .*\n)*", "", text)
    text = re.sub(rf"(?m)^\| `(?:{dropped})[`/].*\n", "", text)
    text = re.sub(link, lambda found: found[0][1:].partition("](")[0], text)
    return re.sub(rf"`make (?:{targets})`, |(?:,| and) `make (?:{targets})`", "", text)


def edit(name, pattern, replacement, needed=True):
    file = ROOT / name
    text, count = re.subn(pattern, replacement, file.read_text())
    if needed and not count:
        sys.exit(f"tools/own/table.py does not fit: {pattern!r} is not in {name}")
    file.write_text(text)


def rename(names):
    changed = moved = 0
    for file in files():
        text = text_of(file)
        if text is not None and (new := substitute(text, names)) != text:
            (ROOT / file).write_text(new)
            changed += 1
        target = Path(substitute(str(file), names))
        if target != file and not file.name.startswith(UNCHANGED):
            (ROOT / target).parent.mkdir(parents=True, exist_ok=True)
            git("mv", str(file), str(target))
            moved += 1
    return changed, moved


def tidy():
    """Sorts what tools keep in the order of names, and formats the code."""
    for lock in ROOT.glob("**/Cargo.lock"):
        if "target" not in lock.relative_to(ROOT).parts:
            head, *packages = lock.read_text().strip().split("\n\n[[package]]\n")
            packages = [re.sub(r"(?s)(?<=dependencies = \[\n)(.*)(?=\])", in_order, package) for package in packages]
            # The versions of one package are in order already, and 0.9 is before 0.10.
            packages.sort(key=lambda package: re.search('name = "(.*)"', package)[1])
            lock.write_text("\n\n[[package]]\n".join([head, *packages]) + "\n")
    if shutil.which("cargo"):
        for manifest in ("Cargo.toml", "benches/Cargo.toml"):
            if (ROOT / manifest).exists():
                subprocess.run(["cargo", "fmt", "--all", "--manifest-path", ROOT / manifest], check=True)


def in_order(found):
    return "".join(sorted(found[1].splitlines(keepends=True)))


def main():
    if len(sys.argv) != 3 or not all(sys.argv[1:]):
        sys.exit("NAME or PLURAL is missing: make own NAME=part PLURAL=parts")
    if git("status", "--porcelain"):
        sys.exit("The working tree has changes: commit or stash them first, so that you can see what this command does")
    names = names_of(*sys.argv[1:])
    check_names(names)
    drop()
    changed, moved = rename(names)
    tidy()
    git("add", "--all")
    print(f"{changed} files name {names['plural']} now, and {moved} files have another name. Dropped: {', '.join(DROPPED)}.")
    print("Run `make check`, look at `git diff --cached --stat`, and commit. Then read docs/own.md, which leads through the rest.")


if __name__ == "__main__":
    main()
