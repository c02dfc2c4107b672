"""Runs a program that was started as `python3 seed/…` with make's own Python, which has the packages it needs."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]
PYTHON = PROJECT / ".tools/venv/bin/python3"

if missing := [name for name in ("botocore", "requests", "tqdm") if not importlib.util.find_spec(name)]:
    # In a virtual environment, packages are its owner's business.
    is_system_python = sys.prefix == sys.base_prefix
    if is_system_python and subprocess.run([PROJECT / "tools/install.sh", "python"], stdout=sys.stderr).returncode == 0:
        os.execv(PYTHON, [str(PYTHON), *sys.argv])
    print(f"This Python lacks {', '.join(missing)}. Use make seed or make export, which install them.", file=sys.stderr)
    sys.exit(2)
