"""A fake Bazel with the commands `info`, `query`, `cquery` and `mod`, which read files of the workspace.

graph.json maps labels of rules to {"rule": class, "inputs": [labels], ...attributes}; only `cquery` has edges to the
`toolchains` of a rule. An attribute is a list of strings, or an object as Bazel prints it. modules.json maps names of
modules to versions, names.json names of repositories to repository mappings.
"""

import json
import pathlib
import re
import sys
from collections.abc import Mapping
from typing import Any

Rules = Mapping[str, Mapping[str, Any]]


def seeds(expression: str, labels: set[str]) -> set[str]:
    """Evaluate the second argument of rdeps: labels, patterns of targets, and a filter."""
    pattern = re.search(r'filter\("(.*?)", ', expression)
    found = {label for label in labels if pattern and re.search(pattern[1], label)}
    by_name = {re.sub(r"^@@.*[~+]", "@", label): label for label in labels}
    for word in re.sub(r"filter\(.*\)", "", expression).split(" + "):
        wanted = word.strip()
        repository = wanted.removesuffix("...").removesuffix("all")
        matches = [name for name in by_name if name == wanted or (wanted != repository and name.startswith(repository))]
        found |= {by_name[name] for name in matches}
    return found


def evaluate(expression: str, rules: Rules) -> set[str]:
    """Return the labels in the result of a query."""
    labels = set(rules) | {label for rule in rules.values() for label in rule["inputs"]}
    if re.match(r"//\.\.\.( |$)", expression):
        return {label for label in rules if label.startswith("//")}
    reached = seeds(expression.removeprefix("rdeps(//..., ").removesuffix(")"), labels)
    while more := {label for label, rule in rules.items() if reached & set(rule["inputs"])} - reached:
        reached |= more
    return reached


def target_json(label: str, rules: Rules) -> Mapping[str, Any]:
    """Return one target as `--output=streamed_jsonproto` prints it."""
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


def cquery_output(rules: Rules, output_option: str) -> str:
    """Return the output of `cquery deps(//...)` with one configuration."""
    dependencies = {label: [*rule["inputs"], *rule.get("toolchains", ())] for label, rule in rules.items()}
    labels = sorted({*dependencies, *(label for below in dependencies.values() for label in below)})
    if output_option == "--output=graph":
        nodes = {label: re.sub("^//", "@@//", label) + " (c0ffee0)" for label in labels}
        return "".join(
            f'  "{nodes[label]}" -> "{nodes[one]}"\n' for label in dependencies for one in dependencies[label]
        )
    results = [{"target": target_json(label, rules), "configuration": {"checksum": "c0ffee00"}} for label in labels]
    return json.dumps({"results": results}).replace('"name": "//', '"name": "@@//')


def mod_output(arguments: list[str]) -> str:
    """Return the output of `mod graph` or `mod dump_repo_mapping`."""
    if "graph" in arguments:
        versions = read("modules.json").items()
        below = [{"name": name, "version": version, "dependencies": []} for name, version in versions]
        return json.dumps({"name": "root", "version": "", "dependencies": below})
    repositories = [word for word in arguments[arguments.index("dump_repo_mapping") + 1 :] if not word.startswith("--")]
    return "\n".join(json.dumps(read("names.json").get(name, {})) for name in repositories)


def read(file: str) -> Any:  # noqa: ANN401
    """Read a JSON file of the workspace; a missing file is an empty object."""
    path = pathlib.Path(file)
    return json.loads(path.read_text()) if path.exists() else {}


def main(arguments: list[str]) -> int:
    """Run one command."""
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
        print(mod_output(arguments))
        return 0
    if "cquery" in arguments:
        print(cquery_output(rules, next(word for word in arguments if word.startswith("--output="))))
        return 0
    (query,) = (word.partition("=")[2] for word in arguments if word.startswith("--query_file="))
    expression = pathlib.Path(query).read_text()
    for label in sorted(evaluate(expression, rules)):
        print(json.dumps(target_json(label, rules)))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
