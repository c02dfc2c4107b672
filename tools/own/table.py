"""What `make own` substitutes, drops and edits. Only this file knows the project's names and the places that a copy does not need."""

# Each pattern, and its replacement with the names of the copy: {name} and {plural}, {Name} and {Plural}, {NAME} and {PLURAL}; {an} is
# the article. The patterns apply in this order. The path of the collection is the plural, without a prefix.
SUBSTITUTIONS = [
    (r"\ba((?: |_|\s+(?://[/!]? |# |\* )?)[`\[(\"']*)(?=movie)", r"{an}\1"),
    (r"\bA((?: |_)[`\[(\"']*)(?=movie)", r"{An}\1"),
    (r"ns_movies|movies", "{plural}"),
    (r"NS_MOVIES|MOVIES", "{PLURAL}"),
    (r"Movies", "{Plural}"),
    (r"movie", "{name}"),
    (r"MOVIE", "{NAME}"),
    (r"Movie", "{Name}"),
]

# The licenses stay as they are.
UNCHANGED = ("LICENSE-",)

# Files and folders of this project that say nothing about a copy.
DROPPED = [
    ".github/bench.svg",
    ".github/swagger-ui.png",
    "benches/results.json",
    "docs/performance.md",
    "tests/changes",
    "tools/own",
    "tools/second_opinion.py",
]

# Targets of the Makefile that need a dropped file. They also leave .ci/run and the workflows.
TARGETS = ["changes", "copies", "instructions", "moto", "own"]

# Sections of pages, from the heading to the next one of its level.
SECTIONS = [("README.md", "## Performance"), ("CONTRIBUTING.md", "## A second DynamoDB"), ("docs/own.md", "## How much it is")]

# Other places that mention what is dropped: the file, a pattern, and its replacement.
EDITS = [
    ("CHANGELOG.md", r"(?s)(## \[Unreleased\]\n).*", r"\1"),
    ("CONTRIBUTING.md", r"; `make moto` uses [^|]*", " "),
    ("README.md", r",(\s+roles have\s+least privilege), and\s+performance is measured\.", r", and\1."),
    ("README.md", r",\s+performance(?=\.)", ""),
    ("README.md", r" The path begins with `ns_movies`,[^.]*\.", ""),
    ("docs/changing.md", r"(?s) Some recipes name a patch in `tests/changes/` .*?no longer works\.", ""),
    ("docs/changing.md", r"; `tests/changes/[\w-]+\.patch` contains (?:it|them)\.", "."),
    ("Cargo.toml", r"\n# \(docs/performance\.md\)\.", "."),
    ("benches/bench.py", r" docs/performance\.md has the results\.", ""),
]
