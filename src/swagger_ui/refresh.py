#!/usr/bin/env python3
"""Vendors Swagger UI: compresses the files of the npm package swagger-ui-dist that the function serves.

`make swagger-ui` checks that the vendored files equal those of the package. `make swagger-ui VERSION=5.36.0` vendors another version.
"""

import re
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

import zopfli.gzip

HERE = Path(__file__).resolve().parent / "swagger-ui-dist"
PACKAGE = "swagger-ui-dist"
COMPRESSED = ["swagger-ui-bundle.js", "swagger-ui.css", "favicon-32x32.png"]
NOTICES = ["LICENSE", "NOTICE", "swagger-ui-bundle.js.LICENSE.txt"]
CHANGE = "\nChanged here: the references to source maps are left out, the files are compressed.\n"


def package(version: str) -> dict[str, bytes]:
    """Downloads the package from npm. Returns the files to vendor, by name."""
    with tempfile.TemporaryDirectory() as folder:
        packed = subprocess.run(["npm", "pack", "--silent", f"{PACKAGE}@{version}"], cwd=folder, stdout=subprocess.PIPE, text=True)
        if packed.returncode:
            sys.exit(f"npm cannot fetch {PACKAGE} {version}")
        with tarfile.open(Path(folder) / packed.stdout.strip()) as archive:
            files = {name: archive.extractfile(f"package/{name}").read() for name in NOTICES + COMPRESSED}
    for name in COMPRESSED:
        content = files.pop(name)
        # Developer tools would request the source maps, which the function does not serve.
        if not name.endswith(".png"):
            content = re.sub(rb"\n?(//|/\*)# sourceMappingURL=[^\n*]*(\*/)?\s*$", b"\n", content)
        files[f"{name}.gz"] = zopfli.gzip.compress(content)
    return files | {"NOTICE": files["NOTICE"] + CHANGE.encode(), "VERSION": f"{version}\n".encode()}


def main() -> None:
    wanted = sys.argv[1] if len(sys.argv) > 1 else None
    version = wanted or (HERE / "VERSION").read_text().strip()
    files = package(version)
    if wanted:
        for name, content in files.items():
            (HERE / name).write_bytes(content)
    there = {path.name: path.read_bytes() for path in HERE.iterdir()}
    wrong = sorted(name for name in files.keys() | there.keys() if files.get(name) != there.get(name))
    if wrong:
        sys.exit(f"these files differ from {PACKAGE} {version}: {', '.join(wrong)}. Run make swagger-ui VERSION={version}")
    print(f"Swagger UI {version}: {len(files)} files, {sum(map(len, files.values())):,} bytes, equal to the package")


if __name__ == "__main__":
    main()
