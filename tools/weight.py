"""Counts the code in src/ (or in the folder that is given), and fails if there is more than the limits allow.

A line counts unless it is blank, a comment (doc comments and docstrings are comments), or in a module with #[cfg(test)]. A condition
is a line with cfg(feature = "local") or cfg_attr, except in src/local*.
"""

import ast
import re
import sys
from pathlib import Path

REACHED = 3645  # lines, when this number was last changed; 150 more may be added
CONDITIONS = 6
SRC = Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).parents[1] / "src")
TEST_MODULE = r"^#\[cfg\(test\)\]\n(?:pub\S* )?mod (\w+)"


def code_of(path):
    text = path.read_text()
    if path.suffix == ".py":
        texts = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)]
        numbers = {number for node in texts for number in range(node.lineno, node.end_lineno + 1)}
        return [line for number, line in enumerate(text.split("\n"), 1) if number not in numbers and not re.match(r"\s*(#|$)", line)]
    text = re.sub(TEST_MODULE + r"(;| \{\n.*?^\}$)", "", text, flags=re.MULTILINE | re.DOTALL)
    return [line for line in text.split("\n") if not re.match(r"\s*(//|$)", line)]


def main():
    sources = [path for path in SRC.rglob("*") if path.suffix in (".rs", ".py")]
    tests = {path.with_suffix("") / f"{name}.rs" for path in sources for name in re.findall(TEST_MODULE + ";", path.read_text(), re.M)}
    code = {path: code_of(path) for path in sources if path not in tests}
    lines = sum(len(own) for own in code.values())
    shared = [line for path, own in code.items() if not str(path.relative_to(SRC)).startswith("local") for line in own]
    conditions = sum('cfg(feature = "local")' in line or "cfg_attr" in line for line in shared)
    print(f"{lines} lines of code in {len(code)} files, and {conditions} conditions on the feature local")
    return f"More than {REACHED} + 150 lines, or than {CONDITIONS} conditions" if lines > REACHED + 150 or conditions > CONDITIONS else 0


if __name__ == "__main__":
    sys.exit(main())
