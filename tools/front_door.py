"""Replaces the REST API in the template of the current folder with another front door.

It deletes and replaces what the first lines of docs/front-doors/….yaml name, merges the file into the template, and deletes the parameters
that are gone from samconfig.toml. The comments of both files stay.
"""

import argparse
import re
from pathlib import Path

import tomlkit
from ruamel.yaml import YAML

TEMPLATE, CONFIG, FRONT_DOORS = Path("template.yaml"), Path("samconfig.toml"), Path("docs/front-doors")
yaml = YAML()
yaml.preserve_quotes = True
yaml.width = 4096
yaml.indent(mapping=2, sequence=4, offset=2)


def merge(target, patch) -> None:
    for key, value in patch.items():
        both_are_maps = hasattr(value, "items") and hasattr(target.get(key), "items")
        if both_are_maps and value.tag.value is None:
            merge(target[key], value)
        else:
            target[key] = value


def main(front_door: str) -> None:
    text = (FRONT_DOORS / f"{front_door}.yaml").read_text()
    source = TEMPLATE.read_text()
    for old, new in re.findall(r"^# replace: (.+) -> (.+)$", text, re.MULTILINE):
        source = source.replace(old, new)
    template = yaml.load(source)
    for section, names in re.findall(r"^# delete (\w+): (.+)$", text, re.MULTILINE):
        for name in names.split():
            del template[section.title()][name]
        if not template[section.title()]:
            del template[section.title()]
    merge(template, yaml.load(text))
    yaml.dump(template, TEMPLATE)
    config = tomlkit.parse(CONFIG.read_text())
    stages = [section for section in config.values() if isinstance(section, dict) and "deploy" in section]
    for overrides in [stage["deploy"]["parameters"]["parameter_overrides"] for stage in stages]:
        for override in list(overrides):
            if override.split("=")[0] not in template["Parameters"]:
                overrides.remove(override)
    CONFIG.write_text(tomlkit.dumps(config))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("front_door", choices=sorted(path.stem for path in FRONT_DOORS.iterdir()))
    main(parser.parse_args().front_door)
