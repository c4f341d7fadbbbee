"""A Bazel that answers `info` and `query` from the file graph.json of the workspace it is called in.

The file maps labels of rules to {"rule": class, "inputs": [labels], ...attributes}.
"""

import json
import pathlib
import re
import sys
from collections.abc import Mapping
from typing import Any

Rules = Mapping[str, Mapping[str, Any]]


def seeds(expression: str, labels: set[str]) -> set[str]:
    """Evaluate the second argument of rdeps: labels, patterns of a repository, and a filter."""
    pattern = re.search(r'filter\("(.*?)", ', expression)
    found = {label for label in labels if pattern and re.search(pattern[1], label)}
    called = {re.sub(r"^@@.*[~+]", "@", label): label for label in labels}
    for word in re.sub(r"filter\(.*\)", "", expression).split(" + "):
        wanted = word.strip()
        repository = wanted.removesuffix("...").removesuffix("all")
        meant = [name for name in called if name == wanted or (wanted != repository and name.startswith(repository))]
        found |= {called[name] for name in meant}
    return found


def evaluate(expression: str, rules: Rules) -> set[str]:
    """Return the labels that a query names."""
    labels = set(rules) | {label for rule in rules.values() for label in rule["inputs"]}
    if re.match(r"//\.\.\.( |$)", expression):
        return {label for label in rules if label.startswith("//")}
    reached = seeds(expression.removeprefix("rdeps(//..., ").removesuffix(")"), labels)
    while more := {label for label, rule in rules.items() if reached & set(rule["inputs"])} - reached:
        reached |= more
    return reached


def printed(label: str, rules: Rules) -> Mapping[str, Any]:
    """Say one target as `--output=streamed_jsonproto` does."""
    if label not in rules:
        return {"type": "SOURCE_FILE", "sourceFile": {"name": label}}
    if rules[label]["rule"] == "package_group":
        return {"type": "PACKAGE_GROUP", "packageGroup": {"name": label, "containedPackage": rules[label]["packages"]}}
    values = {name: value for name, value in rules[label].items() if name not in {"rule", "inputs"}}
    attributes = [{"name": name, "stringListValue": value} for name, value in values.items()]
    return {
        "type": "RULE",
        "rule": {
            "name": label,
            "ruleClass": rules[label]["rule"],
            "attribute": attributes,
            "ruleInput": rules[label]["inputs"],
        },
    }


def main(arguments: list[str]) -> int:
    """Answer one command."""
    pathlib.Path(__file__).with_suffix(".log").open("a").write(" ".join(arguments) + "\n")
    if "info" in arguments:
        print(pathlib.Path(__file__).parent / "output_base")
        return 0
    if "test" in arguments:
        return 0
    rules = json.loads(pathlib.Path("graph.json").read_text())
    if rules.get("broken"):
        print("ERROR: error loading package 'x': no such file", file=sys.stderr)
        return 7
    (query,) = (word.partition("=")[2] for word in arguments if word.startswith("--query_file="))
    expression = pathlib.Path(query).read_text()
    for label in sorted(evaluate(expression, rules)):
        print(json.dumps(printed(label, rules)))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
