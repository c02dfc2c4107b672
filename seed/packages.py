"""Runs a program that was started as `python3 seed/…` with make's own Python, which has the packages."""

import importlib.util
import os
import sys
from pathlib import Path

PYTHON = Path(__file__).resolve().parents[1] / ".tools/venv/bin/python3"

if sys.prefix == sys.base_prefix and PYTHON.exists() and sys.executable != str(PYTHON):
    os.execv(PYTHON, [str(PYTHON), *sys.argv])
if missing := [name for name in ("botocore", "requests", "tqdm") if not importlib.util.find_spec(name)]:
    print(f"This Python lacks {', '.join(missing)}. Use make seed or make export, which install it.", file=sys.stderr)
    sys.exit(2)
