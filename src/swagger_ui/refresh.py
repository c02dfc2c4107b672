#!/usr/bin/env python3
"""Vendors Swagger UI: compresses the files of the npm package swagger-ui-dist that the function serves.

`make swagger-ui` checks that the vendored files equal the files of the pinned package.
`make swagger-ui VERSION=5.36.0` vendors another version and pins its integrity. npm compares a download with the integrity
in the registry, and this script compares it with the pinned integrity.
"""

import argparse
import base64
import hashlib
import json
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


def integrity_of(data: bytes) -> str:
    """The subresource integrity in npm's format."""
    return "sha512-" + base64.b64encode(hashlib.sha512(data).digest()).decode()


def download(version: str, folder: Path) -> bytes:
    """Downloads the package from the npm registry."""
    command = ["npm", "pack", "--silent", "--json", f"{PACKAGE}@{version}"]
    run = subprocess.run(command, cwd=folder, check=False, capture_output=True, text=True)
    if run.returncode:
        sys.exit(f"npm cannot fetch {PACKAGE} {version}:\n{run.stdout}{run.stderr}")
    return (folder / json.loads(run.stdout)[0]["filename"]).read_bytes()


def vendored(package: tarfile.TarFile) -> dict[str, bytes]:
    """The vendored files of the package, by name."""

    def read(name: str) -> bytes:
        member = package.extractfile(f"package/{name}")
        assert member is not None, f"{name} is missing in the package"
        return member.read()

    files = {name: read(name) for name in NOTICES}
    files["NOTICE"] += CHANGE.encode()
    for name in COMPRESSED:
        # Developer tools would request the source maps, which the function does not serve.
        content = read(name)
        if not name.endswith(".png"):
            content = re.sub(rb"\n?(//|/\*)# sourceMappingURL=[^\n*]*(\*/)?\s*$", b"\n", content)
        files[f"{name}.gz"] = zopfli.gzip.compress(content)
    return files


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--version", help="the version to vendor; by default, only check the vendored files")
    wanted = parser.parse_args().version
    version = wanted or (HERE / "VERSION").read_text().strip()

    with tempfile.TemporaryDirectory() as folder:
        data = download(version, Path(folder))
        integrity = integrity_of(data)
        pinned = HERE / "INTEGRITY"
        if not wanted and pinned.read_text().strip() != integrity:
            sys.exit(f"{PACKAGE} {version} does not have the pinned integrity, but {integrity}")
        archive = Path(folder) / "package.tgz"
        archive.write_bytes(data)
        with tarfile.open(archive) as package:
            files = vendored(package)

    files |= {"VERSION": f"{version}\n".encode(), "INTEGRITY": f"{integrity}\n".encode()}
    if wanted:
        HERE.mkdir(exist_ok=True)
        for name, content in files.items():
            (HERE / name).write_bytes(content)
    there = {path.name: path.read_bytes() for path in HERE.iterdir()}
    wrong = sorted(name for name in files.keys() | there.keys() if files.get(name) != there.get(name))
    if wrong:
        sys.exit(f"these files differ from {PACKAGE} {version}: {', '.join(wrong)}. Run make swagger-ui VERSION={version}")
    print(f"Swagger UI {version}: {len(files)} files, {sum(map(len, files.values())):,} bytes, equal to the package")


if __name__ == "__main__":
    main()
