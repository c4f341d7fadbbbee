"""A Bazel that answers `info`, `query`, `cquery` and `mod` from files of the workspace it is called in.

graph.json maps labels of rules to {"rule": class, "inputs": [labels], ...attributes}; what a rule has as `toolchains`
only `cquery` knows of. An attribute is a list of strings, or an object as Bazel prints it. modules.json maps names of
modules to versions, names.json those of repositories to names.
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
    values = {name: value for name, value in rules[label].items() if name not in {"rule", "inputs", "toolchains"}}
    attributes = [
        {"name": name, **(value if isinstance(value, dict) else {"stringListValue": value})}
        for name, value in values.items()
    ]
    return {
        "type": "RULE",
        "rule": {
            "name": label,
            "ruleClass": rules[label]["rule"],
            "attribute": attributes,
            "ruleInput": rules[label]["inputs"],
        },
    }


def configured(rules: Rules, form: str) -> str:
    """Print everything below `//...` as `cquery` does, in one configuration."""
    taken = {label: [*rule["inputs"], *rule.get("toolchains", ())] for label, rule in rules.items()}
    labels = sorted({*taken, *(label for below in taken.values() for label in below)})
    if form == "--output=graph":
        nodes = {label: re.sub("^//", "@@//", label) + " (c0ffee0)" for label in labels}
        return "".join(f'  "{nodes[label]}" -> "{nodes[one]}"\n' for label in taken for one in taken[label])
    results = [{"target": printed(label, rules), "configuration": {"checksum": "c0ffee00"}} for label in labels]
    return json.dumps({"results": results}).replace('"name": "//', '"name": "@@//')


def modules(arguments: list[str]) -> str:
    """Print what `mod graph` and `mod dump_repo_mapping` do."""
    if "graph" in arguments:
        versions = read("modules.json").items()
        below = [{"name": name, "version": version, "dependencies": []} for name, version in versions]
        return json.dumps({"name": "root", "version": "", "dependencies": below})
    named = [word for word in arguments[arguments.index("dump_repo_mapping") + 1 :] if not word.startswith("--")]
    return "\n".join(json.dumps(read("names.json").get(name, {})) for name in named)


def read(file: str) -> Any:  # noqa: ANN401
    """Read a file of the workspace; one that is not there says nothing."""
    path = pathlib.Path(file)
    return json.loads(path.read_text()) if path.exists() else {}


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
    if "mod" in arguments:
        print(modules(arguments))
        return 0
    if "cquery" in arguments:
        print(configured(rules, next(word for word in arguments if word.startswith("--output="))))
        return 0
    (query,) = (word.partition("=")[2] for word in arguments if word.startswith("--query_file="))
    expression = pathlib.Path(query).read_text()
    for label in sorted(evaluate(expression, rules)):
        print(json.dumps(printed(label, rules)))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
