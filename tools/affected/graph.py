"""The targets of a workspace as Bazel loads them, and the comparison of two such graphs."""

import dataclasses
import hashlib
import json
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import Any, Self

from tools.affected.edges import FILTERABLE, WHOLE_TARGET, Attributes

IMAGES = frozenset({"oci_image", "oci_image_index"})
DEFINITION_OPTIONS = ("--noproto:default_values", "--noproto:rule_inputs_and_outputs")
"""Options of a query that print what `digest` reads and no more."""

_LOCATION_ATTRIBUTES = frozenset({"generator_function", "generator_location", "generator_name"})
_VISIBILITY = "visibility"
_LABELS = "stringListValue"
_NO_FILES: Mapping[str, Collection[str]] = {}


@dataclasses.dataclass(frozen=True, kw_only=True)
class Target:
    """A rule of this repository.

    Attributes:
        label: The label, which begins with `//`.
        rule: The rule class.
        tags: The tags.
        dependencies: The labels that the rule references.
        digest: Of the rule class, the attributes and the implementation; empty unless definitions are compared.
        attribute_digests: Of the attributes that a rule can declare as not read. Labels in them that are not files
            are part of `digest` too.
        visibility: Not part of `digest`: a target that becomes visible to more packages does not change.
    """

    label: str
    rule: str
    tags: tuple[str, ...] = ()
    dependencies: tuple[str, ...] = ()
    digest: str = ""
    attribute_digests: Mapping[str, str] = dataclasses.field(default_factory=dict)
    visibility: tuple[str, ...] = ()

    @property
    def is_manual(self) -> bool:
        """Return whether `//...` does not build the target."""
        return "manual" in self.tags

    @property
    def kinds(self) -> frozenset[str]:
        """Return the values of `--kind` that select the target."""
        kinds = {"all"}
        if self.rule.endswith("_test"):
            kinds.add("test")
        if self.rule.endswith("_binary"):
            kinds.add("binary")
        if self.rule in IMAGES:
            kinds.add("image")
        # The rule of tools/oci/push. CI derives the name of the image's test from its label.
        if self.rule == "image_push":
            kinds.add("image_push")
        return frozenset(kinds)

    @classmethod
    def from_query(cls, rule: Mapping[str, Any]) -> Self:
        """Read one rule in the output of a query, without its digest."""
        attributes = _attributes(rule)
        return cls(
            label=rule["name"],
            rule=rule["ruleClass"],
            tags=_strings(attributes, "tags"),
            dependencies=tuple(rule.get("ruleInput", ())),
            visibility=_strings(attributes, _VISIBILITY),
        )


def _attributes(rule: Mapping[str, Any]) -> dict[str, Any]:
    return {attribute["name"]: attribute for attribute in rule.get("attribute", ())}


def digest(rule: Mapping[str, Any], *, files: Mapping[str, Collection[str]] = _NO_FILES) -> str:
    """Return a digest of a rule in the output of a query: its class, its attributes and its implementation.

    Args:
        rule: The rule.
        files: By attribute, which must be a list, the labels to leave out.
    """
    attributes = _attributes(rule)
    ignored = {*_LOCATION_ATTRIBUTES, _VISIBILITY, *files}
    values = [_without_origin(attribute) for name, attribute in sorted(attributes.items()) if name not in ignored]
    others = {name: [one for one in _strings(attributes, name) if one not in files[name]] for name in files}
    return _digest([rule["ruleClass"], values, {name: labels for name, labels in others.items() if labels}])


def _without_origin(attribute: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in attribute.items() if key != "explicitlySpecified"}


def _digest(value: object) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


def _strings(attributes: Mapping[str, Any], name: str) -> tuple[str, ...]:
    return tuple(attributes.get(name, {}).get(_LABELS, ()))


def rules(output: Iterable[Mapping[str, Any]]) -> dict[str, Target]:
    """Return the rules of this repository in the output of a query, by label, without their digests."""
    return {rule["name"]: Target.from_query(rule) for rule in _own_rules(output)}


def _own_rules(output: Iterable[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    found = (entry["rule"] for entry in output if entry["type"] == "RULE")
    return (rule for rule in found if rule["name"].startswith("//"))


def definitions(output: Iterable[Mapping[str, Any]], is_file: Callable[[str], bool]) -> dict[str, Target]:
    """Return the rules and package groups of this repository, with their digests.

    Args:
        output: The output of a query.
        is_file: Returns whether a label of this repository is that of a file in the tree.
    """
    entries = list(output)
    groups = (_package_group(entry["packageGroup"]) for entry in entries if entry["type"] == "PACKAGE_GROUP")
    defined = {rule["name"]: _definition(rule, is_file) for rule in _own_rules(entries)}
    return defined | {group.label: group for group in groups if group.label.startswith("//")}


def _definition(rule: Mapping[str, Any], is_file: Callable[[str], bool]) -> Target:
    filterable = {name: one for name, one in _attributes(rule).items() if name in FILTERABLE}
    files = {name: {*filter(is_file, one["stringListValue"])} for name, one in filterable.items() if _LABELS in one}
    digests = {name: _digest(_without_origin(one)) for name, one in filterable.items()}
    return dataclasses.replace(Target.from_query(rule), digest=digest(rule, files=files), attribute_digests=digests)


def _package_group(group: Mapping[str, Any]) -> Target:
    members = [*group.get("containedPackage", ()), *group.get("includedPackageGroup", ())]
    excluded = sorted(member for member in members if member.startswith("-"))
    return Target(
        label=group["name"],
        rule="package_group",
        digest=" ".join(excluded),
        visibility=tuple(member for member in members if not member.startswith("-")),
    )


def changed_targets(before: Mapping[str, Target], after: Mapping[str, Target]) -> dict[str, Attributes]:
    """Return the targets of `after` that are new or changed.

    If only files in some attributes changed, the names of these attributes are the value.
    """
    found = {}
    for label, target in after.items():
        old = before.get(label)
        if old is None or old.digest != target.digest or not is_at_least_as_visible(old.visibility, target.visibility):
            found[label] = WHOLE_TARGET
        elif old.attribute_digests != target.attribute_digests:
            names = old.attribute_digests.keys() | target.attribute_digests.keys()
            found[label] = frozenset(
                name for name in names if old.attribute_digests.get(name) != target.attribute_digests.get(name)
            )
    return found


def is_at_least_as_visible(before: Iterable[str], after: Iterable[str]) -> bool:
    """Return whether a visibility includes all packages that another one did."""
    included = set(after)
    return "//visibility:public" in included or set(before) - {"//visibility:private"} <= included


def package_of(label: str) -> str:
    """Return the path of a label's package: `libs/auth` for `//libs/auth:tokens`."""
    return label.removeprefix("//").partition(":")[0]


def dump(targets: Mapping[str, Target]) -> str:
    """Serialise what `changed_targets` compares."""
    return json.dumps(
        [[one.label, one.rule, one.digest, one.attribute_digests, one.visibility] for one in targets.values()]
    )


def load(text: str) -> dict[str, Target]:
    """Read what `dump` wrote."""
    return {
        label: Target(label=label, rule=rule, digest=digest, attribute_digests=digests, visibility=tuple(visibility))
        for label, rule, digest, digests, visibility in json.loads(text)
    }
